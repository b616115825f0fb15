// 读消息日志: 一页历史, 一页搜索, 都以收件人的来源编码; WebSocket 与 HTTP 共用
import { toBroadcast } from '../protocol/codec.js';
import type {
  FileBroadcast,
  FilesBody,
  MessagesBody,
  RoomEntry,
  SearchBody,
  SearchMessage,
  TextBroadcast,
} from '../protocol/messages.js';
import { criteriaOf, isUnfiltered } from '../protocol/search-query.js';
import { fitBytes, type HistoryPage, type HistoryRange, readPage } from './history-page.js';
import type { Answer, MessageLog } from './ports.js';

type Broadcasts = readonly (TextBroadcast | FileBroadcast)[];

export class Archive {
  readonly #log: MessageLog;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** 一页, 旧的在前; origin 是收件人所用的来源。内存里的尾部答得出就同步给出。错误: server_busy */
  page(range: HistoryRange, origin: string): Answer<MessagesBody> {
    // 与内存里的尾部同时取: 总数里的最新一个就在这一页的时刻之前
    const { fileCount } = this.#log;
    const encodePage = ({ entries, more }: HistoryPage): MessagesBody => ({
      messages: broadcasts(entries, origin),
      more,
      ...(range.kind === undefined ? {} : { total: fileCount }),
    });
    const page = readPage(this.#log, range);
    return page instanceof Promise ? page.then(encodePage) : encodePage(page);
  }

  /** 一页搜索, 新的在前; 只要文件的带总数。错误: server_busy (排队的太多) */
  async search(message: SearchMessage, origin: string): Promise<SearchBody> {
    const { query, limit, before, kind } = message;
    const criteria = criteriaOf(query, message);
    // 什么都不限的总数现成, 不必去数
    const isAll = isUnfiltered(criteria);
    const range = { limit, ...(before === undefined ? {} : { before }) };
    const found = await this.#log.search({ criteria, ...range, count: kind !== undefined && !isAll });
    // 一百条 16 KiB 的会超过慢消费者的预算: 与一页历史同样按字节截断
    const entries = fitBytes(found.entries);
    const more = found.more || entries.length < found.entries.length;
    const body = { query, messages: broadcasts(entries, origin), more };
    return kind === undefined ? body : { ...body, kind, total: found.total ?? this.#log.fileCount };
  }

  /** 文件的列表: 同只要文件的搜索。错误: server_busy */
  async files(message: SearchMessage, origin: string): Promise<FilesBody> {
    const { query, messages, more, total = 0 } = await this.search({ ...message, kind: 'file' }, origin);
    return { query, files: messages.filter((found) => found.type === 'file'), more, total };
  }
}

function broadcasts(entries: readonly RoomEntry[], origin: string): Broadcasts {
  return entries.map((entry) => toBroadcast(entry, origin));
}
