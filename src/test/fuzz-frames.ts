// 模糊测试的输入: WebSocket 的帧, 从完全合法到不成样子
import type { Dice } from './fuzz-dice.js';
import { frame, OPCODES } from './raw.js';

const ODD = [
  null,
  -1,
  1e308,
  0.5,
  '',
  '\u0000',
  [],
  {},
  true,
  'x'.repeat(5000),
  2 ** 53,
  '__proto__',
  [[[[]]]],
  '\ud800',
];
const UPLOAD_ID = '00000000-0000-4000-8000-00000000000';
const TYPES = [
  'user_update',
  'text',
  'file',
  'file_start',
  'file_chunk',
  'file_end',
  'file_cancel',
  'file_pause',
  'file_hash',
  'file_proof',
  'history',
  'search',
  'ticket',
  'welcome',
  'ack',
  'error',
  '',
];

function messages(dice: Dice): object[] {
  const name = `乱${dice.below(50)}`;
  const uploadId = `${UPLOAD_ID}${dice.below(16).toString(16)}`;
  const data = 'QUJD'.repeat(dice.below(200));
  return [
    { type: 'user_update', action: 'join', name, features: ['batch', 'offer'], after: dice.below(99) },
    { type: 'user_update', action: 'leave', name },
    { type: 'text', name, message: '你好'.repeat(dice.below(30)), clientId: `c${dice.below(9)}` },
    { type: 'file', name, originalName: '报告.pdf', filedata: data },
    {
      type: 'file_start',
      name,
      clientId: 'c1',
      originalName: '电影.mkv',
      size: dice.below(5000),
      encoding: 'base64',
    },
    { type: 'file_start', uploadId, resumeToken: 'x'.repeat(43) },
    { type: 'file_chunk', uploadId, offset: dice.below(5000), data },
    { type: 'file_end', uploadId, sha256: '0'.repeat(64) },
    { type: 'file_cancel', uploadId },
    { type: 'file_hash', uploadId, sha256: '0'.repeat(64) },
    { type: 'file_proof', uploadId, proof: '0'.repeat(64) },
    { type: 'history', before: dice.below(99), limit: dice.below(500), kind: 'file', ref: 'h1' },
    { type: 'search', query: `报告 before:2026-0${dice.below(12)}-01 "`, limit: dice.below(200), ref: 's1' },
    { type: dice.pick(TYPES), name, ref: 'r', clientId: 'c', uploadId },
  ];
}

function twist(dice: Dice, message: object): object {
  return { ...message, [dice.pick(Object.keys(message))]: dice.pick(ODD) };
}

function chunk(dice: Dice): Buffer {
  const body = Buffer.alloc(25 + dice.below(500), dice.below(256));
  body[0] = dice.once(5) ? dice.below(256) : 1;
  body.writeBigUInt64BE(dice.once(4) ? 0xffff_ffff_ffff_ffffn : BigInt(dice.below(9000)), 17);
  return dice.once(2) ? dice.mangle(body) : body;
}

function payload(dice: Dice): Buffer {
  const message = dice.pick(messages(dice));
  const text = Buffer.from(JSON.stringify(dice.once(3) ? twist(dice, message) : message));
  // 坏 UTF-8 会让 uWS 当场断开: 那归 lethalFrame
  return dice.once(2) ? Buffer.from(dice.mangle(text).toString('utf8')) : text;
}

/** 一个合乎 RFC 6455 的输入 (可以分成几段); 内容合不合协议看运气 */
export function livingFrame(dice: Dice): Buffer {
  if (dice.once(6)) return frame(OPCODES.binary, chunk(dice));
  if (dice.once(12)) return frame(dice.once(2) ? OPCODES.ping : OPCODES.pong, dice.bytes(dice.below(126)));
  const body = payload(dice);
  if (!dice.once(6)) return frame(dice.once(20) ? OPCODES.binary : OPCODES.text, body);
  const at = dice.below(body.length + 1);
  return Buffer.concat([
    frame(OPCODES.text, body.subarray(0, at), { fin: false }),
    ...(dice.once(2) ? [frame(OPCODES.ping, '')] : []),
    frame(OPCODES.continuation, body.subarray(at)),
  ]);
}

/** 多半让连接当场断开的: 保留的 opcode, 没有掩码, 谎报长度, 不该来的续帧, 坏 UTF-8, 乱写的关闭帧, 改过的字节 */
export function lethalFrame(dice: Dice): Buffer {
  const body = payload(dice);
  const lethal = [
    () => frame(dice.below(16), body),
    () => frame(OPCODES.text, body, { mask: false }),
    () =>
      frame(OPCODES.text, body, { claim: dice.pick([body.length + 1, 126, 65_536, 2 ** 40, 2 ** 53 - 1]) }),
    () => frame(OPCODES.continuation, body, { fin: dice.once(2) }),
    () => frame(OPCODES.text, dice.bytes(1 + dice.below(50))),
    () => frame(OPCODES.close, dice.bytes(dice.below(20))),
    () => frame(OPCODES.ping, dice.bytes(126 + dice.below(50)), { fin: dice.once(2) }),
    () => dice.mangle(frame(OPCODES.text, body)),
    () => dice.bytes(1 + dice.below(100)),
  ];
  return dice.pick(lethal)();
}
