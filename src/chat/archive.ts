// 读消息日志: 一页历史, 一页搜索, 都以收件人的来源编码; WebSocket 与 HTTP 共用
import { toBroadcast } from '../protocol/codec.js';
import type {
  FileBroadcast,
  FilesBody,
  MessagesBody,
  Recipient,
  RoomEntry,
  SearchBody,
  SearchMessage,
  TextBroadcast,
} from '../protocol/messages.js';
import { criteriaOf, isUnfiltered, type SearchCriteria } from '../protocol/search-query.js';
import type { Asker, Turns } from '../quota/ports.js';
import { fitBytes, type HistoryPage, type HistoryRange, readPage, recentPage } from './history-page.js';
import type { Answer, MessageLog } from './ports.js';

type Broadcasts = readonly (TextBroadcast | FileBroadcast)[];

export interface ArchiveOptions {
  readonly log: MessageLog;
  /** 读盘的历史页与文件列表 */
  readonly reads: Turns;
  readonly searches: Turns;
}

/** 谁在读, 以及他收什么样的 */
export interface Reader extends Asker, Recipient {}

export class Archive {
  readonly #log: MessageLog;
  readonly #reads: Turns;
  readonly #searches: Turns;

  constructor({ log, reads, searches }: ArchiveOptions) {
    this.#log = log;
    this.#reads = reads;
    this.#searches = searches;
  }

  /** 一页, 旧的在前。内存里的尾部答得出就同步给出, 不必轮。错误: server_busy */
  page(range: HistoryRange, reader: Reader): Answer<MessagesBody> {
    // 与内存里的尾部同时取: 总数里的最新一个就在这一页的时刻之前
    const total = (): object => (range.kind === undefined ? {} : { total: this.#log.fileCount });
    const encodePage = ({ entries, more }: HistoryPage): MessagesBody => ({
      messages: broadcasts(entries, reader),
      more,
    });
    const recent = recentPage(this.#log, range);
    if (recent !== undefined) return { ...encodePage(recent), ...total() };
    return this.#reads.run(reader, async () => {
      const counted = total();
      return { ...encodePage(await readPage(this.#log, range)), ...counted };
    });
  }

  /** 一页搜索, 新的在前; 只要文件的带总数。错误: server_busy (等着的太多) */
  search(message: SearchMessage, reader: Reader): Promise<SearchBody> {
    const criteria = criteriaOf(message.query, message);
    // 只看文件的走得完 (十万个约 20 毫秒), 与翻页一同轮
    const turns = criteria.isFile ? this.#reads : this.#searches;
    return turns.run(reader, () => this.#search(criteria, message, reader));
  }

  async #search(criteria: SearchCriteria, message: SearchMessage, recipient: Recipient): Promise<SearchBody> {
    const { query, limit, before, kind } = message;
    // 什么都不限的总数现成, 不必去数
    const isAll = isUnfiltered(criteria);
    const range = { limit, ...(before === undefined ? {} : { before }) };
    const found = await this.#log.search({ criteria, ...range, count: kind !== undefined && !isAll });
    // 一百条 16 KiB 的会超过慢消费者的预算: 与一页历史同样按字节截断
    const entries = fitBytes(found.entries);
    const more = found.more || entries.length < found.entries.length;
    const body = { query, messages: broadcasts(entries, recipient), more };
    return kind === undefined ? body : { ...body, kind, total: found.total ?? this.#log.fileCount };
  }

  /** 文件的列表: 同只要文件的搜索。错误: server_busy */
  async files(message: SearchMessage, reader: Reader): Promise<FilesBody> {
    const { query, messages, more, total = 0 } = await this.search({ ...message, kind: 'file' }, reader);
    return { query, files: messages.filter((found) => found.type === 'file'), more, total };
  }
}

function broadcasts(entries: readonly RoomEntry[], recipient: Recipient): Broadcasts {
  return entries.map((entry) => toBroadcast(entry, recipient));
}
