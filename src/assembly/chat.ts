// 装配聊天: 会话, 名单, 房间, 读日志的与播报上传的
import { Archive } from '../chat/archive.js';
import { OfferBoard } from '../chat/offer-board.js';
import type { Publisher } from '../chat/ports.js';
import { Presence } from '../chat/presence.js';
import { Room } from '../chat/room.js';
import { SessionTokens } from '../chat/session-tokens.js';
import { Sessions } from '../chat/sessions.js';
import { featuresOf, limitsOf, type Runtime } from './runtime.js';
import type { Storage } from './storage.js';

export interface Chat {
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly offers: OfferBoard;
  readonly room: Room;
  readonly archive: Archive;
}

export function createChat({ config, now }: Runtime, { log, secret }: Storage, publisher: Publisher): Chat {
  const sessions = new Sessions(config.chat, new SessionTokens(secret), now);
  const presence = new Presence(publisher, () => sessions.onlineCount, config.chat.presenceTickMs);
  const offers = new OfferBoard(publisher, presence);
  const limits = limitsOf(config);
  const features = featuresOf(config);
  const archive = new Archive(log);
  const shared = { publisher, sessions, presence, offers, log, archive };
  const room = new Room({ ...shared, limits, features, now: Date.now });
  return { sessions, presence, offers, room, archive };
}
