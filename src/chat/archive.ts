// 读消息日志: 一页历史, 一页搜索, 都以收件人的来源编码; WebSocket 与 HTTP 共用
import { toBroadcast } from '../protocol/codec.js';
import type {
  FileBroadcast,
  MessagesBody,
  RoomEntry,
  SearchBody,
  SearchMessage,
  TextBroadcast,
} from '../protocol/messages.js';
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
    const encodePage = ({ entries, more }: HistoryPage): MessagesBody => ({
      messages: broadcasts(entries, origin),
      more,
    });
    const page = readPage(this.#log, range);
    return page instanceof Promise ? page.then(encodePage) : encodePage(page);
  }

  /** 一页搜索, 新的在前。错误: server_busy (排队的太多) */
  async search({ query, limit, before }: SearchMessage, origin: string): Promise<SearchBody> {
    const wanted = { query, limit, ...(before === undefined ? {} : { before }) };
    const found = await this.#log.search(wanted);
    // 一百条 16 KiB 的会超过慢消费者的预算: 与一页历史同样按字节截断
    const entries = fitBytes(found.entries);
    const more = found.more || entries.length < found.entries.length;
    return { query, messages: broadcasts(entries, origin), more };
  }
}

function broadcasts(entries: readonly RoomEntry[], origin: string): Broadcasts {
  return entries.map((entry) => toBroadcast(entry, origin));
}
