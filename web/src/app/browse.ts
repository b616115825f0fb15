// 到很早的一条去: 已在记录里就直接滚过去, 否则取它前后的各一页, 单独成一段; 两头再取, 连上最新的一头就并回去
import type { HistoryReply } from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import type { Going } from '../model/search.js';
import type { MessageItem, RoomMessage } from '../model/timeline.js';
import type { ChatConnection, HistoryQuery } from '../net/chat-connection.js';

const PAGE = 50;

export class Browse {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  // 换了一段或回到最新: 路上的应答不再算数
  #turn = 0;

  constructor(model: Model, connection: ChatConnection) {
    this.#model = model;
    this.#connection = connection;
  }

  show(seq: number): void {
    this.#turn += 1;
    const loaded = this.#showLoaded(seq);
    this.#going(seq, loaded ? 'arrived' : 'loading');
    if (!loaded) void this.#fetchAround(seq, this.#turn);
  }

  showLatest(): void {
    this.#turn += 1;
    this.#model.excerpt.close();
    this.#model.search.going.set(undefined);
  }

  loadOlder(): void {
    const { excerpt, loadingOlder } = this.#model;
    const before = excerpt.firstSeq;
    if (loadingOlder.get() || before === undefined || !excerpt.hasOlder) return;
    loadingOlder.set(true);
    void this.#page({ before, limit: PAGE }, (reply) => {
      excerpt.addOlder(this.#itemsOf(reply), reply.more);
      this.#mergeWhenJoined();
    }).finally(() => loadingOlder.set(false));
  }

  loadNewer(): void {
    const { excerpt, loadingNewer } = this.#model;
    const after = excerpt.lastSeq;
    if (loadingNewer.get() || after === undefined || !excerpt.hasNewer) return;
    loadingNewer.set(true);
    void this.#page({ after, limit: PAGE }, (reply) => {
      excerpt.addNewer(this.#itemsOf(reply), reply.more);
      this.#mergeWhenJoined();
    }).finally(() => loadingNewer.set(false));
  }

  #showLoaded(seq: number): boolean {
    const { timeline, excerpt } = this.#model;
    const live = timeline.find(seq);
    const found = live ?? excerpt.find(seq);
    if (found === undefined) return false;
    if (live !== undefined) excerpt.close();
    this.#model.spotlight.emit(found.key);
    return true;
  }

  async #fetchAround(seq: number, turn: number): Promise<void> {
    const state = await Promise.all([
      this.#connection.history({ before: seq + 1, limit: PAGE }),
      this.#connection.history({ after: seq, limit: PAGE }),
    ]).then(
      ([older, newer]) => (turn === this.#turn ? this.#open(seq, older, newer) : undefined),
      (error: unknown): Going['state'] => {
        console.debug('没有取到那一段', error);
        return 'failed';
      },
    );
    if (turn === this.#turn && state !== undefined) this.#going(seq, state);
  }

  #open(seq: number, older: HistoryReply, newer: HistoryReply): Going['state'] {
    // 搜到之后才过了保留期, 或文件被删了
    if (older.messages.at(-1)?.seq !== seq) return 'gone';
    const items = [...this.#itemsOf(older), ...this.#itemsOf(newer)];
    this.#model.excerpt.open(items, { hasOlder: older.more, hasNewer: newer.more });
    this.#mergeWhenJoined();
    this.#showLoaded(seq);
    return 'arrived';
  }

  /** 与最新的一头连上了: 并进聊天记录, 键相同, 所以眼前的行不动 */
  #mergeWhenJoined(): void {
    const { excerpt, timeline, files } = this.#model;
    const { firstSeq } = timeline;
    const reached = !excerpt.hasNewer || (excerpt.lastSeq ?? 0) + 1 >= (firstSeq ?? Number.POSITIVE_INFINITY);
    if (!excerpt.isOpen || !reached) return;
    const messages = excerpt.items.map(({ message }) => message);
    timeline.addHistory(messages);
    // 这一段可能整个落在记录里面, 那时更早的有没有由记录自己说
    if ((excerpt.firstSeq ?? 0) <= (timeline.firstSeq ?? 0)) timeline.setHasOlder(excerpt.hasOlder);
    files.add(filesIn(messages));
    excerpt.close();
  }

  #itemsOf({ messages }: HistoryReply): MessageItem[] {
    // 图片要能点开看大图: 它在 files 里找
    this.#model.files.addApart(filesIn(messages));
    return messages.map((message) => this.#model.timeline.itemOf(message));
  }

  async #page(query: HistoryQuery, use: (reply: HistoryReply) => void): Promise<void> {
    const turn = this.#turn;
    try {
      const reply = await this.#connection.history(query);
      if (turn === this.#turn) use(reply);
    } catch (error) {
      // 断线等: 读者再滚动时再要
      console.debug('取历史失败', error);
    }
  }

  #going(seq: number, state: Going['state']): void {
    this.#model.search.going.set({ seq, state });
  }
}

function filesIn(messages: readonly RoomMessage[]) {
  return messages.filter((message) => message.type === 'file');
}
