// 网页的全部状态: 网络层写, 界面读; 两边互不认识
import type { ErrorCode } from '../../../src/protocol/errors.js';
import type { CloseReason, ConnectionState, Identity, LoginState } from './connection.js';
import { Excerpt } from './excerpt.js';
import { FileFinder } from './file-finder.js';
import { FileIndex } from './file-index.js';
import { Offers } from './offers.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import { type KeyValue, Preferences } from './preferences.js';
import { Search } from './search.js';
import { Emitter, Signal } from './signal.js';
import { Timeline } from './timeline.js';
import { Transfers } from './transfers.js';

/** 界面自己的一闪而过的提示; error 时读屏软件立即念出 */
export interface Toast {
  readonly kind: 'info' | 'error';
  readonly text: string;
}

/** 服务器报来的, 与哪条消息都无关的错误; 文案由界面按 code 决定 */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
}

export class Model {
  readonly login = new Signal<LoginState>({ phase: 'form' });
  readonly connection = new Signal<ConnectionState>({ phase: 'idle' });
  readonly identity = new Signal<Identity | undefined>(undefined);
  readonly people = new People();
  readonly timeline = new Timeline();
  /** 跳到很早的一条时看着的一段; 没有打开时看的是 timeline */
  readonly excerpt = new Excerpt();
  readonly outbox = new Outbox();
  readonly offers = new Offers();
  readonly search = new Search();
  readonly files = new FileIndex();
  readonly finder = new FileFinder();
  readonly transfers = new Transfers();
  /** 正在取更早的消息 */
  readonly loadingOlder = new Signal(false);
  /** 正在取 excerpt 后面的消息 */
  readonly loadingNewer = new Signal(false);
  readonly loadingFiles = new Signal(false);
  /** 没有发出的文字, 换语言与刷新都不丢 */
  readonly draft: Signal<string>;
  /** 请界面滚到这一条 (它的键) 并闪一下 */
  readonly spotlight = new Emitter<string>();
  readonly toasts = new Emitter<Toast>();
  readonly problems = new Emitter<Problem>();
  /** 重连之后才知道的上次断开的原因: 关闭码当时没有送到 */
  readonly lateReason = new Emitter<CloseReason>();
  readonly preferences: Preferences;
  /** 上次用过的名字, 用来预填 */
  readonly rememberedName: string;

  constructor(store: KeyValue, systemLanguages: readonly string[], draft: string) {
    this.preferences = new Preferences(store, systemLanguages);
    this.rememberedName = store.get('name') ?? '';
    this.draft = new Signal(draft);
  }
}
