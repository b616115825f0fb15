// 把模型与网络接起来: 界面的要求变成连接上的帧, 连接上的帧变成模型的变化
import type { Actions } from '../model/actions.js';
import type { Model } from '../model/model.js';
import type { KeyValue } from '../model/preferences.js';
import { ChatConnection } from '../net/chat-connection.js';
import { CatchUp } from './catch-up.js';
import { RoomFeed } from './room-feed.js';
import { Sessions } from './sessions.js';
import { SignIn } from './sign-in.js';
import { TextSender } from './text-sender.js';

/** 浏览器给的东西, 由 main.ts 取来 */
export interface Environment {
  /** 本站的 WebSocket 前缀, 如 ws://host:3000 */
  readonly origin: string;
  readonly tab: KeyValue;
  readonly browser: KeyValue;
  /** 重新打开页面 */
  reload(): void;
}

export function createApp(model: Model, environment: Environment): Actions {
  const sessions = new Sessions(environment.tab, environment.browser);
  const connection: ChatConnection = new ChatConnection(`${environment.origin}/ws`, {
    joinRequest: () => ({
      ...signIn.request,
      ...(catchUp.after === undefined ? {} : { after: catchUp.after }),
    }),
    stateChanged: (state) => {
      model.connection.set(state);
      signIn.connectionChanged(state);
    },
    received: (message) => feed.receive(message),
  });
  const signIn = new SignIn(model, connection, sessions);
  const catchUp = new CatchUp(model, connection);
  const texts = new TextSender(model, connection);
  const feed = new RoomFeed(model, catchUp, {
    welcomed: (message) => {
      signIn.welcomed(message);
      catchUp.welcomed(message);
      texts.online();
    },
    acknowledged: (message) => void texts.acknowledge(message),
    failed: (message) => {
      if (texts.reject(message)) return;
      if (!connection.isOnline) return signIn.refused(message);
      model.problems.emit({ code: message.code, message: message.message });
    },
  });
  signIn.resume();
  return {
    enter: (name) => signIn.enter(name),
    leave: () => {
      texts.discardAll();
      signIn.leave();
      environment.reload();
    },
    reconnect: () => connection.start(),
    sendText: (message) => texts.send(message),
    retryText: (clientId) => texts.retry(clientId),
    discardText: (clientId) => texts.discard(clientId),
    loadOlder: () => catchUp.loadOlder(),
    loadMoreFiles: () => catchUp.loadMoreFiles(),
    sendFiles: () => undefined,
    pauseTransfer: () => undefined,
    resumeTransfer: () => undefined,
    cancelTransfer: () => undefined,
    retryTransfer: () => undefined,
    reselectTransfer: () => undefined,
    clearFinished: () => undefined,
  };
}
