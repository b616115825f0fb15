// 不重不漏: 记住连续收到哪里, 重连后补齐; 向上翻时取更早的; 文件面板逐页取
import type { HistoryReply, WelcomeMessage } from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import type { RoomMessage } from '../model/timeline.js';
import type { ChatConnection } from '../net/chat-connection.js';

const PAGE = 50;
// 补齐时一次多取些
const CATCH_UP_PAGE = 200;

export class CatchUp {
  readonly #model: Model;
  readonly #connection: ChatConnection;
  // 此前的都收到了; 重连时从这里补
  #contiguous: number | undefined;
  // 补齐期间播出的可能已经跳到前面, 补完才并入
  #highest = 0;
  #state: 'fresh' | 'restarting' | 'catching' | 'caught' = 'fresh';

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
    const lost = this.#model.timeline.setEpoch(epoch);
    if (lost) this.#model.files.newEpoch();
    this.#highest = seq;
    if (lost) {
      this.#state = 'restarting';
      // 取到之前又断了: 下次不带 after, 服务器自己给最近的一页
      this.#contiguous = undefined;
      // 服务器按旧的 after 给的那一页没有意义, 重新要最近的
      void this.#run(() => this.#loadRecent());
    } else if (this.#contiguous === undefined) {
      this.#state = 'fresh';
    } else {
      this.#state = 'catching';
    }
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
    }).finally(() => loadingFiles.set(false));
  }

  async #loadRecent(): Promise<void> {
    const reply = await this.#connection.history({ limit: PAGE });
    this.#store(reply.messages);
    this.#model.timeline.setHasOlder(reply.more);
    this.#finish();
  }

  /** 取来的一页: 聊天记录与文件面板都要, 否则补来的文件面板里永远没有 */
  #store(messages: readonly RoomMessage[]): void {
    this.#model.timeline.addHistory(messages);
    this.#model.files.add(messages.filter((message) => message.type === 'file'));
  }

  #finish(): void {
    this.#state = 'caught';
    this.#contiguous = this.#highest;
  }

  // 一页补完接着要下一页, 直到 more 为 false
  #advance(reply: HistoryReply): void {
    const first = reply.messages[0];
    // 服务器只留着后面的: 中间缺了一段
    if (first !== undefined && first.seq > (this.#contiguous ?? 0) + 1) this.#model.timeline.addNotice('gap');
    this.#contiguous = reply.messages.at(-1)?.seq ?? this.#contiguous;
    if (reply.more && this.#contiguous !== undefined) {
      const after = this.#contiguous;
      void this.#run(async () => {
        const next = await this.#connection.history({ after, limit: CATCH_UP_PAGE });
        this.#store(next.messages);
        this.#advance(next);
      });
      return;
    }
    this.#finish();
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
