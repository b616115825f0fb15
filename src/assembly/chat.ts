// 装配聊天: 会话, 总线, 扇出, 名单, 房间, 读日志的与播报上传的
import { Archive } from '../chat/archive.js';
import { Fanout } from '../chat/fanout.js';
import { LocalBus } from '../chat/local-bus.js';
import { LocalNames } from '../chat/names/local-names.js';
import { NameRules } from '../chat/names/name-rules.js';
import { OfferBoard } from '../chat/offer-board.js';
import type { Publisher } from '../chat/ports.js';
import { Presence } from '../chat/presence.js';
import { Room } from '../chat/room.js';
import { SessionTokens } from '../chat/session-tokens.js';
import { Sessions } from '../chat/sessions.js';
import { TextPace } from '../chat/text-pace.js';
import type { Config } from '../config.js';
import type { Rate } from '../quota/limits.js';
import { featuresOf, limitsOf, type Runtime } from './runtime.js';
import type { Storage } from './storage.js';
import { createTurns } from './turns.js';

export interface Chat {
  readonly sessions: Sessions;
  readonly fanout: Fanout;
  readonly presence: Presence;
  readonly offers: OfferBoard;
  readonly room: Room;
  readonly archive: Archive;
}

export function createChat(
  { config, quota, now }: Runtime,
  { log, daily, secret }: Storage,
  publisher: Publisher,
): Chat {
  const names = new LocalNames({
    maxHeld: config.chat.maxMembers,
    heldPerAddress: config.address.heldNames,
    now,
  });
  const nameRules = new NameRules(config.chat.reservedNames);
  const sessions = new Sessions(config.chat, { tokens: new SessionTokens(secret), names, nameRules, now });
  const bus = new LocalBus(log);
  const fanout = new Fanout(publisher, { ...config.fanout, now });
  const { presenceTickMs } = config.chat;
  const presence = new Presence({ bus, fanout, presenceTickMs, now, online: () => sessions.onlineCount });
  const offers = new OfferBoard(fanout, presence);
  const limits = limitsOf(config);
  const features = featuresOf(config);
  const archive = new Archive({ log, ...createTurns(config, quota) });
  const { pendingBytes } = config.fanout;
  const pace = new TextPace({ quota, perPerson: textRate(config.chat), pendingBytes, now });
  const shared = { bus, fanout, sessions, presence, offers, log, archive, pace, daily };
  const room = new Room({ ...shared, limits, features, now: Date.now });
  bus.listen({
    entry: (entry) => room.deliver(entry),
    presence: (change) => presence.changed(change),
  });
  return { sessions, fanout, presence, offers, room, archive };
}

// 桶里装得下 4 秒的: 一次粘贴几条长的不该被拒
const TEXT_BURST_S = 4;

// 压测不限条数, 也就不限字节
function textRate({ textBytesPerSecond, messagesPerSecond }: Config['chat']): Rate {
  const perSecond = messagesPerSecond === 0 ? 0 : textBytesPerSecond;
  return { setting: 'chat.textBytesPerSecond', perSecond, burst: perSecond * TEXT_BURST_S };
}
