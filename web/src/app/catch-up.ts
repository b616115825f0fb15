// 不重不漏: 记住连续收到哪里, 重连 (服务器重启也一样) 后补齐; 向上翻时取更早的; 文件面板逐页取
import type { HistoryReply, WelcomeMessage } from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import type { RoomMessage } from '../model/timeline.js';
import type { ChatConnection, HistoryQuery } from '../net/chat-connection.js';
import { RequestError } from '../net/requests.js';

const PAGE = 50;
// 补齐时一次多取些
const CATCH_UP_PAGE = 200;
// 错过得更多就不逐页补: 从最近的一页重新开始, 更早的向上翻时再取, 一样不漏
const MAX_MISSED = 5000;
// 服务器忙, 或问得太频繁时等这么久再要 (毫秒)
const RETRY_MS = 1000;

export class CatchUp {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  // 此前的都收到了; 重连时从这里补
  #contiguous: number | undefined;
  // 补齐期间播出的可能已经跳到前面, 补完才并入
  #highest = 0;
  #state: 'fresh' | 'restarting' | 'catching' | 'caught' = 'fresh';
  // 第几次 welcome: 上一次连接留下的补齐不再继续
  #welcomes = 0;

  constructor(model: Model, connection: ChatConnection) {
    this.#model = model;
    this.#connection = connection;
  }

  /** 重连时 join 带的 after; 第一次没有 */
  get after(): number | undefined {
    return this.#contiguous;
  }

  /** 每次 welcome: 决定接下来那一页历史的含义 */
  welcomed({ epoch, seq }: WelcomeMessage): void {
    const { timeline, excerpt } = this.#model;
    const lost = timeline.setEpoch(epoch);
    this.#welcomes += 1;
    this.#highest = seq;
    if (lost) excerpt.close();
    if (lost || this.#missed(seq) > MAX_MISSED) this.#restart(lost);
    else this.#state = this.#contiguous === undefined ? 'fresh' : 'catching';
  }

  /** 重发的应答说它早就在历史里: 与已有的接得上才放进记录, 否则中间缺着一段; 补来或翻到时自然会有 */
  adjoins(seq: number): boolean {
    return seq > this.#highest || seq > (this.#model.timeline.firstSeq ?? Number.POSITIVE_INFINITY);
  }

  /** 播出的一条 */
  saw(seq: number): void {
    this.#highest = Math.max(this.#highest, seq);
    if (this.#state === 'caught') this.#contiguous = this.#highest;
  }

  /** 加入之后服务器主动给的那一页; 返回要放进记录的消息 */
  joined(reply: HistoryReply): readonly RoomMessage[] {
    if (this.#state === 'caught' || this.#state === 'restarting') return [];
    if (this.#state === 'fresh') {
      this.#finish();
      this.#model.timeline.setHasOlder(reply.more);
      return reply.messages;
    }
    this.#advance(reply);
    if (reply.more) void this.#run(() => this.#catchUp());
    else this.#finish();
    return reply.messages;
  }

  /** 向上翻 */
  loadOlder(): void {
    const { timeline, loadingOlder } = this.#model;
    const before = timeline.firstSeq;
    if (loadingOlder.get() || before === undefined || !timeline.hasOlder) return;
    loadingOlder.set(true);
    void this.#run(async () => {
      const reply = await this.#connection.history({ before, limit: PAGE });
      // 等的时候可能从头来过: 那时这一页与现有的不相连
      if (timeline.firstSeq !== before) return;
      this.#store(reply.messages);
      timeline.setHasOlder(reply.more);
    }).finally(() => loadingOlder.set(false));
  }

  /** 文件面板: 再取一页更早的文件 */
  loadMoreFiles(): void {
    const { files, loadingFiles } = this.#model;
    if (loadingFiles.get() || !files.more) return;
    loadingFiles.set(true);
    const before = files.oldestSeq;
    void this.#run(async () => {
      const reply = await this.#connection.history({
        ...(before === undefined ? {} : { before }),
        limit: PAGE,
        kind: 'file',
      });
      files.add(reply.messages.filter((message) => message.type === 'file'));
      files.setMore(reply.more);
      if (reply.total !== undefined) files.counted(reply.total);
    }).finally(() => loadingFiles.set(false));
  }

  #missed(seq: number): number {
    return this.#contiguous === undefined ? 0 : seq - this.#contiguous;
  }

  /** lost: 旧的消息服务器没有了, 留在页面上; 否则向上翻还取得到 */
  #restart(lost: boolean): void {
    this.#model.files.restart();
    if (!lost) this.#model.timeline.restart();
    this.#state = 'restarting';
    // 取到之前又断了: 下次不带 after, 服务器自己给最近的一页
    this.#contiguous = undefined;
    // 服务器按旧的 after 给的那一页没有意义, 重新要最近的
    void this.#run(async () => {
      const reply = await this.#patiently({ limit: PAGE });
      if (reply === undefined) return;
      this.#store(reply.messages);
      this.#model.timeline.setHasOlder(reply.more);
      this.#finish();
    });
  }

  /** 一页一页补, 直到 more 为 false */
  async #catchUp(): Promise<void> {
    for (;;) {
      const reply = await this.#patiently({ after: this.#contiguous ?? 0, limit: CATCH_UP_PAGE });
      if (reply === undefined) return;
      this.#advance(reply);
      this.#store(reply.messages);
      if (!reply.more) return this.#finish();
    }
  }

  #advance(reply: HistoryReply): void {
    const { timeline } = this.#model;
    const first = reply.messages[0]?.seq;
    const reached = this.#contiguous ?? 0;
    // 更早的已过保留期: 中间缺了一段
    if (first !== undefined && first > reached + 1) timeline.addNotice('gap', reached);
    this.#contiguous = reply.messages.at(-1)?.seq ?? reached;
  }

  /** 服务器忙就过一会儿再要; 等的时候又连了一次则为 undefined。错误: 断线等, RequestError */
  async #patiently(query: HistoryQuery): Promise<HistoryReply | undefined> {
    const welcome = this.#welcomes;
    const isStale = (): boolean => this.#welcomes !== welcome;
    for (;;) {
      const reply = await this.#connection.history(query).catch((error: unknown) => {
        if (isStale() || !(error instanceof RequestError) || !error.retryable) throw error;
        return error;
      });
      if (isStale()) return undefined;
      if (!(reply instanceof RequestError)) return reply;
      await new Promise((resolve) => setTimeout(resolve, Math.max(RETRY_MS, reply.retryAfterMs)));
      if (isStale()) return undefined;
    }
  }

  /** 取来的一页: 聊天记录与文件面板都要, 否则补来的文件面板里永远没有 */
  #store(messages: readonly RoomMessage[]): void {
    const files = messages.filter((message) => message.type === 'file');
    this.#model.timeline.addHistory(messages);
    this.#model.files.add(files);
    for (const { id } of files) this.#model.offers.remove(id);
  }

  #finish(): void {
    this.#state = 'caught';
    this.#contiguous = this.#highest;
    void this.#run(() => this.#countFiles());
  }

  /** 文件面板的总数: 不等滚到底才知道, 断线期间过期的也扣掉; 最新的一个一同取来, 之后的才是后来的 */
  async #countFiles(): Promise<void> {
    const { files } = this.#model;
    const reply = await this.#connection.history({ limit: 1, kind: 'file' });
    files.add(reply.messages.filter((message) => message.type === 'file'));
    if (reply.total !== undefined) files.counted(reply.total);
  }

  // 断线会使请求失败: 重连后从 contiguous 再来, 所以只留一行给开发者
  async #run(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      console.debug('取历史失败', error);
    }
  }
}
