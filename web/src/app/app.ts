// 把模型与网络接起来: 界面的要求变成连接上的帧, 连接上的帧变成模型的变化
import type { Actions } from '../model/actions.js';
import type { Identity } from '../model/connection.js';
import type { Model } from '../model/model.js';
import type { KeyValue } from '../model/preferences.js';
import { fetchLimits } from '../net/api.js';
import { ChatConnection } from '../net/chat-connection.js';
import { Pace } from '../net/pace.js';
import { randomId } from '../net/random-id.js';
import { openResumeStore } from '../net/upload/resume-store.js';
import type { RollChannel } from '../net/upload/tab-roll-call.js';
import { transferUrl } from '../net/upload/transfer-door.js';
import { UploadManager } from '../net/upload/upload-manager.js';
import { Browse } from './browse.js';
import { CatchUp } from './catch-up.js';
import { FileSearcher } from './file-searcher.js';
import { RoomFeed } from './room-feed.js';
import { Searcher } from './searcher.js';
import { Sessions } from './sessions.js';
import { SignIn } from './sign-in.js';
import { TextSender } from './text-sender.js';

/** 浏览器给的东西, 由 main.ts 取来 */
export interface Environment {
  /** 本站的 WebSocket 前缀, 如 ws://host:3000 */
  readonly origin: string;
  readonly tab: KeyValue;
  readonly browser: KeyValue;
  readonly indexedDB: IDBFactory | undefined;
  /** 同一浏览器的标签页之间; 浏览器没有 BroadcastChannel 时不给 */
  readonly channel: RollChannel | undefined;
  createUploadWorker(): Worker;
  /** 重新打开页面 */
  reload(): void;
}

// 只发得下小帧的一种连接: 大文件走分片, 用不着服务器为它留着整帧的缓冲; 从前的服务器不看这个参数
const CHAT_PATH = '/ws?frames=small';

export function createApp(model: Model, environment: Environment): Actions {
  const sessions = new Sessions(environment.tab, environment.browser);
  const pace = new Pace(() => performance.now());
  const connection: ChatConnection = new ChatConnection(`${environment.origin}${CHAT_PATH}`, pace, {
    joinRequest: () => ({
      ...signIn.request,
      ...(catchUp.after === undefined ? {} : { after: catchUp.after }),
    }),
    stateChanged: (state) => {
      model.connection.set(state);
      signIn.connectionChanged(state);
      if (state.phase !== 'waiting' && state.phase !== 'stopped') return;
      uploads.offline();
      // 此后的进展听不到了; 重新进来时服务器再说一遍
      model.offers.clear();
    },
    received: (message) => feed.receive(message),
  });
  const signIn = new SignIn(model, connection, sessions);
  const catchUp = new CatchUp(model, connection);
  const browse = new Browse(model, connection);
  const searcher = new Searcher(model, connection);
  const fileSearcher = new FileSearcher(model, connection);
  const texts = new TextSender(model, connection, pace, (seq) => catchUp.adjoins(seq));
  const uploads = createUploads(model, { connection, pace }, environment);
  const feed = new RoomFeed(model, catchUp, {
    welcomed: (message) => {
      const previous = model.identity.get()?.name ?? message.name;
      signIn.welcomed(message);
      pace.learn(message.limits);
      if (previous !== message.name) texts.hold();
      model.offers.clear();
      catchUp.welcomed(message);
      searcher.online();
      fileSearcher.online();
      texts.online();
      uploads.online();
      // 只在第一次: 之后断线的上传自己记得
      if (!isRestored) void uploads.restore();
      isRestored = true;
    },
    // clientId 是随机的, 只会属于其中一个
    acknowledged: (message) => void (texts.acknowledge(message) || uploads.handleAck(message)),
    failed: (message) => {
      if (texts.reject(message) || uploads.handleError(message)) return;
      if (!connection.isOnline) return signIn.refused(message);
      model.problems.emit({ code: message.code, message: message.message });
    },
  });
  let isRestored = false;
  signIn.resume();
  return {
    enter: (name) => signIn.enter(name),
    leave: () => {
      texts.discardAll();
      uploads.stop();
      signIn.leave();
      environment.reload();
    },
    reconnect: () => connection.start(),
    sendText: (message) => texts.send(message),
    retryText: (clientId) => texts.retry(clientId),
    discardText: (clientId) => texts.discard(clientId),
    loadOlder: () => (model.excerpt.isOpen ? browse.loadOlder() : catchUp.loadOlder()),
    loadNewer: () => browse.loadNewer(),
    showMessage: (seq) => browse.show(seq),
    showLatest: () => browse.showLatest(),
    search: (query) => searcher.search(query),
    searchOlder: () => searcher.older(),
    loadMoreFiles: () => catchUp.loadMoreFiles(),
    searchFiles: (filter) => fileSearcher.search(filter),
    searchOlderFiles: () => fileSearcher.older(),
    sendFiles: (files) => uploads.add(files),
    pauseTransfer: (id) => uploads.pause(id),
    resumeTransfer: (id) => uploads.resume(id),
    cancelTransfer: (id) => uploads.cancel(id),
    retryTransfer: (id) => uploads.retry(id),
    reselectTransfer: (id, picked) => uploads.reselect(id, picked),
    clearFinished: () => uploads.clearFinished(),
  };
}

function createUploads(
  model: Model,
  { connection, pace }: { readonly connection: ChatConnection; readonly pace: Pace },
  environment: Environment,
): UploadManager {
  const identity = (): Identity | undefined => (connection.isOnline ? model.identity.get() : undefined);
  return new UploadManager({
    pace,
    transfers: model.transfers,
    identity,
    sendFrame: (message) => connection.send(message),
    transferUrl: () =>
      transferUrl({ origin: environment.origin, identity, ticket: () => connection.transferTicket() }),
    createWorker: () => environment.createUploadWorker(),
    limits: fetchLimits,
    store: openResumeStore(environment.indexedDB),
    tabId: tabIdOf(environment.tab),
    channel: environment.channel,
  });
}

// 标签页的编号: 刷新之后不变, 没传完的才认得是自己的
function tabIdOf(tab: KeyValue): string {
  const tabId = tab.get('tab') ?? randomId();
  tab.set('tab', tabId);
  return tabId;
}
