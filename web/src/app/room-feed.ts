// 服务器的每一条消息进入模型; 一种类型一个处理者, 漏掉一种就编译不过
import type {
  FileBroadcast,
  FileOfferMessage,
  HistoryReply,
  WelcomeMessage,
} from '../../../src/protocol/messages.js';
import type { Model } from '../model/model.js';
import type { RoomMessage } from '../model/timeline.js';
import type { SingleMessage } from '../net/frame.js';
import type { CatchUp } from './catch-up.js';

type Handlers = {
  readonly [K in SingleMessage['type']]: (message: Extract<SingleMessage, { type: K }>) => void;
};

/** 房间之外的人处理的: 登录, 发件箱, 上传 */
export interface FeedPorts {
  welcomed(message: WelcomeMessage): void;
  acknowledged(message: Extract<SingleMessage, { type: 'ack' }>): void;
  failed(message: Extract<SingleMessage, { type: 'error' }>): void;
}

export class RoomFeed {
  readonly #model: Model;
  readonly #catchUp: CatchUp;
  readonly #handlers: Handlers;

  constructor(model: Model, catchUp: CatchUp, ports: FeedPorts) {
    this.#model = model;
    this.#catchUp = catchUp;
    const ignore = (): void => undefined;
    this.#handlers = {
      welcome: (message) => ports.welcomed(message),
      ack: (message) => ports.acknowledged(message),
      error: (message) => ports.failed(message),
      text: (message) => this.#broadcast(message),
      file: (message) => this.#broadcast(message),
      user_update: (message) => this.#presence(message),
      history: (message) => this.#joined(message),
      file_offer: (message) => this.#offered(message),
      file_withdrawn: ({ id }) => this.#model.offers.remove(id),
      // 搜索与传输票的应答由连接按 ref 交给问的人; 没有 ref 的不是网页问的
      search: ignore,
      transfer_ticket: ignore,
      // 分片上传有自己的连接, 这些不会出现在聊天连接上
      file_ready: ignore,
      file_ack: ignore,
      file_done: ignore,
      file_cancelled: ignore,
      file_challenge: ignore,
    };
  }

  receive(message: SingleMessage): void {
    // 类型由表保证; 以后的服务器可能有新的类型, 忽略
    const handler = this.#handlers[message.type] as ((message: SingleMessage) => void) | undefined;
    handler?.(message);
  }

  #broadcast(message: RoomMessage): void {
    this.#catchUp.saw(message.seq);
    this.#model.timeline.add(message, this.#ownKey(message));
    if (message.type !== 'file') return;
    this.#published([message]);
    this.#model.finder.arrived(message);
  }

  // 文件盖住一切: 迟到的进度不能让它又变回没有传完
  #offered(message: FileOfferMessage): void {
    if (!this.#model.files.has(message.id)) this.#model.offers.put(message);
  }

  #published(files: readonly FileBroadcast[]): void {
    this.#model.files.add(files);
    for (const { id } of files) this.#model.offers.remove(id);
  }

  // 加入时的一页; 断线期间自己发出而没收到应答的也在里面
  #joined(reply: HistoryReply): void {
    const messages = this.#catchUp.joined(reply);
    for (const message of messages) this.#model.timeline.addOld(message, this.#ownKey(message));
    this.#published(messages.filter((message) => message.type === 'file'));
  }

  #ownKey(message: RoomMessage): string | undefined {
    const mine = message.type === 'text' && message.name === this.#model.identity.get()?.name;
    if (!mine || this.#model.timeline.has(message.seq)) return undefined;
    return this.#model.outbox.matchBroadcast(message.message);
  }

  #presence(message: Extract<SingleMessage, { type: 'user_update' }>): void {
    const { people, timeline } = this.#model;
    const change =
      message.action === 'sync'
        ? people.apply(message.joined, message.left, message.online)
        : people.apply(...single(message.action, message.name));
    timeline.addPresence(change.joined, change.left);
  }
}

function single(action: 'join' | 'leave', name: string): [joined: string[], left: string[]] {
  return action === 'join' ? [[name], []] : [[], [name]];
}
