// 各家服务器的方言: 怎么加入, 怎么说一句, 哪些帧是房间的消息
export type DialectName = 'sluice' | 'sluice-quiet' | 'sluice-batch' | 'plain' | 'socket.io' | 'centrifuge';

export interface Dialect {
  readonly path: string;
  /** 握手之后先说的话; undefined: 握手完成就算加入 */
  hello(name: string): string | undefined;
  /** 这一帧是不是加入的应答 */
  isWelcome(text: string): boolean;
  say(name: string, message: string): string;
  /** 应用层的 ping 要答的话 */
  answer(text: string): string | undefined;
  /** 从 at 起的正文是不是房间的消息 */
  isMessage(bytes: Buffer, at: number): boolean;
  /** 一帧里的几条以换行相连: 每条都多算一个字节, 各人怎么分帧便与总数无关 */
  readonly joinsLines: boolean;
}

const LETTER_B = 'b'.charCodeAt(0);
const LETTER_E = 'e'.charCodeAt(0);
const LETTER_P = 'p'.charCodeAt(0);
const LETTER_T = 't'.charCodeAt(0);
const DIGIT_2 = '2'.charCodeAt(0);
const DIGIT_4 = '4'.charCodeAt(0);

const textOf = (name: string, message: string): string => JSON.stringify({ type: 'text', name, message });

/** 正文以 {"type":"text" 或 {"type":"batch" 开头 */
function isText(bytes: Buffer, at: number): boolean {
  const first = bytes[at + 9];
  return first === LETTER_B || (first === LETTER_T && bytes[at + 10] === LETTER_E);
}

function sluice(features: readonly string[] | undefined): Dialect {
  const announced = features === undefined ? {} : { features };
  return {
    path: '/ws',
    hello: (name) => JSON.stringify({ type: 'user_update', action: 'join', name, ...announced }),
    isWelcome: (text) => text.startsWith('{"type":"welcome"'),
    say: textOf,
    answer: () => undefined,
    isMessage: isText,
    joinsLines: false,
  };
}

const plain: Dialect = {
  path: '/',
  hello: () => undefined,
  isWelcome: () => false,
  say: textOf,
  answer: () => undefined,
  isMessage: isText,
  joinsLines: false,
};

/** Engine.IO 4 与 Socket.IO 5: "40" 加入, "42[...]" 事件, "2" 与 "3" 是 ping 与 pong */
const socketIo: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  hello: () => '40',
  isWelcome: (text) => text.startsWith('40'),
  say: (name, message) => `42${JSON.stringify(['text', { name, message }])}`,
  answer: (text) => (text === '2' ? '3' : undefined),
  isMessage: (bytes, at) => bytes[at] === DIGIT_4 && bytes[at + 1] === DIGIT_2,
  joinsLines: false,
};

/** JSON 协议; 频道由服务器代为订阅 */
const centrifuge: Dialect = {
  path: '/connection/websocket',
  hello: () => '{"id":1,"connect":{}}',
  isWelcome: (text) => text.includes('"connect":'),
  say: (name, message) => JSON.stringify({ id: 2, publish: { channel: 'room', data: { name, message } } }),
  answer: () => undefined,
  // {"push":...; 应答是 {"id":...
  isMessage: (bytes, at) => bytes[at + 2] === LETTER_P,
  joinsLines: true,
};

/** sluice 是只懂基础协议的客户端; sluice-quiet 的文字与它逐字节相同, 只是进出合并, 万人加入时用 */
const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  sluice: sluice(undefined),
  'sluice-quiet': sluice(['batch']),
  'sluice-batch': sluice(['batch', 'batch_text']),
  plain,
  'socket.io': socketIo,
  centrifuge,
};

export function dialectOf(name: DialectName): Dialect {
  return DIALECTS[name];
}
