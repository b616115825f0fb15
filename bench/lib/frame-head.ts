// 客户端到服务器的 WebSocket 帧头: 掩码位必须为 1, 但掩码本身取 0, 内容与掩码异或后不变
/** 帧头最长 14 字节: 2 + 8 字节长度 + 4 字节掩码 */
export const MAX_HEAD_BYTES = 14;

/** RFC 6455 要求长度用最短的写法, 所以帧头长度随内容而变 */
export function headBytesFor(payloadBytes: number): number {
  return payloadBytes < 126 ? 6 : payloadBytes < 65_536 ? 8 : 14;
}

/** 在 at 处写帧头, 返回帧头之后的位置 */
export function writeHead(buffer: Buffer, at: number, opcode: number, payloadBytes: number): number {
  buffer[at] = 0x80 | opcode;
  const headBytes = headBytesFor(payloadBytes);
  if (headBytes === 6) buffer[at + 1] = 0x80 | payloadBytes;
  else if (headBytes === 8) {
    buffer[at + 1] = 0x80 | 126;
    buffer.writeUInt16BE(payloadBytes, at + 2);
  } else {
    buffer[at + 1] = 0x80 | 127;
    buffer.writeBigUInt64BE(BigInt(payloadBytes), at + 2);
  }
  // 零掩码: 合法, 且发生器不必逐字节异或几 GB 的内容; 服务器照样要做一遍去掩码, 没有占到便宜
  buffer.fill(0, at + headBytes - 4, at + headBytes);
  return at + headBytes;
}
