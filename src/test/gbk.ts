// 测试用的 GBK 编码器: 把解码表反过来; Node 只会解码
const BYTES = new Map<string, Buffer>();

/** 中文 Windows 的字节; 没有的字抛错 */
export function gbk(text: string): Buffer {
  if (BYTES.size === 0) fill();
  return Buffer.concat([...text].map(encode));
}

function encode(character: string): Buffer {
  const bytes = BYTES.get(character);
  if (bytes === undefined) throw new Error(`GBK 里没有 ${character}`);
  return bytes;
}

function fill(): void {
  for (let byte = 0; byte < 0x80; byte += 1) BYTES.set(String.fromCharCode(byte), Buffer.of(byte));
  const decoder = new TextDecoder('gb18030', { fatal: true });
  for (let lead = 0x81; lead < 0xff; lead += 1) {
    for (let second = 0x40; second < 0xff; second += 1) {
      if (second === 0x7f) continue;
      const bytes = Buffer.of(lead, second);
      BYTES.set(decoder.decode(bytes), bytes);
    }
  }
}
