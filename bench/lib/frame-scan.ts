// 不解析 JSON 就认出服务器的帧: 一万条连接的发生器里, 每帧只许花一两微秒
// 依据: codec 总把 type 写在最前, 其余字段的次序固定; 我们自己说的正文里不出现 "seq": 与 "type":

export type FrameKind = 'welcome' | 'history' | 'text' | 'file' | 'batch' | 'presence' | 'error' | 'other';

/** {"type":" 之后的第一个字节 */
const TYPE_AT = '{"type":"'.length;
const KIND_OF = new Map<number, FrameKind>(
  (
    [
      ['w', 'welcome'],
      ['h', 'history'],
      ['t', 'text'],
      ['b', 'batch'],
      ['u', 'presence'],
      ['e', 'error'],
    ] as const
  ).map(([letter, kind]) => [letter.charCodeAt(0), kind]),
);
const SEQ_KEY = Buffer.from('"seq":');
const ZERO = 48;
const F = 'f'.charCodeAt(0);
const QUOTE = '"'.charCodeAt(0);

export function kindOf(payload: Buffer): FrameKind {
  // file 占一个 seq; file_offer 等不占
  if (payload[TYPE_AT] === F) return payload[TYPE_AT + 'file'.length] === QUOTE ? 'file' : 'other';
  return KIND_OF.get(payload[TYPE_AT] ?? 0) ?? 'other';
}

/** 带着 seq 的广播: 房间里的每条消息恰好在其中一帧里 */
export function isLive(kind: FrameKind): boolean {
  return kind === 'text' || kind === 'batch' || kind === 'file';
}

/** 帧里的每一个 seq, 按出现的次序; 用于广播与 history */
export function eachSeq(payload: Buffer, visit: (seq: number) => void): void {
  for (let at = payload.indexOf(SEQ_KEY); at >= 0; at = payload.indexOf(SEQ_KEY, at)) {
    at += SEQ_KEY.length;
    visit(digitsAt(payload, at));
  }
}

/** 从 at 起的十进制整数; 不是数字时为 0 */
export function digitsAt(payload: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < payload.length; index += 1) {
    const digit = payload[index]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

export interface WelcomeFacts {
  readonly session: string;
  readonly online: number;
  readonly seq: number;
  /** 上次被服务器切断的关闭码; 没有则 0 */
  readonly lastCloseCode: number;
}

/** 只取要用的几项: 解析五百个名字要几十微秒 */
export function welcomeFacts(payload: Buffer): WelcomeFacts {
  const number = (key: string): number => {
    const at = payload.indexOf(`"${key}":`);
    return at < 0 ? 0 : digitsAt(payload, at + key.length + 3);
  };
  const sessionAt = payload.indexOf('"session":"') + '"session":"'.length;
  const session = payload.toString('latin1', sessionAt, payload.indexOf('"', sessionAt));
  const lastCloseAt = payload.indexOf('"lastClose":{"code":');
  const lastCloseCode = lastCloseAt < 0 ? 0 : digitsAt(payload, lastCloseAt + '"lastClose":{"code":'.length);
  return { session, online: number('online'), seq: number('seq'), lastCloseCode };
}

/** history 帧说还有下一页 (more 总在 messages 之后) */
export function hasMore(payload: Buffer): boolean {
  return payload.indexOf('"more":true', Math.max(0, payload.length - 64)) >= 0;
}
