// 表单字节流的切分 (RFC 2046 第 5.1.1 节): 前言, 各段的头与内容, 尾声。只认分隔行, 不懂头的意思
//   preamble --分隔行--> line --CRLF--> header --空行--> opening --> body --分隔行--> line
//                          \--"--" 与 CRLF--> epilogue
// 保证: 内容逐字节交出, 各扫一遍; 分隔行写得不对 (缺 CR 或 LF, 后面跟着别的字符) 就报错, 不会有哪一段不声不响地并进邻居
import { AppError } from '../protocol/errors.js';

export interface SplitEvents {
  /** 一段开始; header 不含结尾的 CRLF, 只在调用期间有效 */
  begin(header: Buffer): void;
  /** 这一段的内容, 一块或几块, 没有空块; 只在调用期间有效 */
  body(bytes: Buffer): void;
  /** 这一段结束 */
  finish(): void;
}

// 一段的头的上限, 字节: 同 Node 的 HTTP 头
const MAX_HEADER_BYTES = 16 * 1024;
// 分隔行尾部的空白 (transport padding) 的上限, 字节
const MAX_PADDING_BYTES = 256;
// 前言里什么也不该有; 更长的多半是边界对不上
const MAX_PREAMBLE_BYTES = 4096;
// 像是一段的开头: 它的分隔行写坏了, 不能当前言略过
const STRAY_PART = /(?:^|[\r\n])--|content-disposition/i;

// 边界后面这样就是行尾
const LINE_END = /^(?:--)?\r\n/;
const UNFINISHED_LINE_END = /^(?:--?)?$|^(?:--)?\r$/;

// 行中间的边界至多这么多次: 随机的边界一次也不会有, 每一次都要停下来看, 不能任人拖慢
const MAX_STRAYS = 1000;

const CR = 0x0d;
const LF = 0x0a;
// 分隔行, 缺 CR 的, CRLF 都缺的: 各以这个字节开头
const STARTS = [CR, LF, 0x2d];
const EMPTY = Buffer.alloc(0);

type State = 'preamble' | 'line' | 'header' | 'opening' | 'body' | 'epilogue';

export class FormSplitter {
  readonly #events: SplitEvents;
  /** "\r\n--边界" */
  readonly #delimiter: Buffer;
  /** "--边界": 内容里只找这一个, 它前面的再另看 */
  readonly #boundary: Buffer;
  #state: State = 'preamble';
  /** 还分不清的字节, 等下一块: 可能是分隔行的开头, 或还没收全的头。开头补上 CRLF, 首个分隔行就与其余的一样 */
  #carry: Buffer = Buffer.from('\r\n');
  #strays = 0;

  constructor(boundary: string, events: SplitEvents) {
    this.#events = events;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#boundary = this.#delimiter.subarray(2);
  }

  /** 喂一块; 返回后 block 可以失效。错误: invalid_field (说明哪里不对), 之后不可再喂 */
  feed(block: Buffer): void {
    if (this.#state === 'body' && this.#passes(block)) {
      if (this.#carry.length > 0) this.#events.body(this.#carry);
      this.#carry = this.#emit(block);
      return;
    }
    let data = this.#carry.length === 0 ? block : Buffer.concat([this.#carry, block]);
    for (let used = -1; used !== 0 && data.length > 0; data = data.subarray(used)) used = this.#step(data);
    // 要留到下一块, 必须拷贝
    this.#carry = data.length === 0 ? EMPTY : Buffer.from(data);
  }

  /** 不会再有字节。错误: invalid_field (没有传完) */
  end(): void {
    const closed = this.#state === 'line' && /^--[ \t]*\r?$/.test(this.#carry.toString('latin1'));
    if (this.#state === 'epilogue' || closed) return;
    if (this.#state === 'preamble') throw fault('没有找到 Content-Type 里的 boundary');
    throw fault('没有传完: 缺少结尾的分隔行');
  }

  /** 用掉多少字节; 0 是要等下一块 */
  #step(data: Buffer): number {
    switch (this.#state) {
      case 'preamble':
        return this.#preamble(data);
      case 'line':
        return this.#line(data);
      case 'header':
        return this.#header(data);
      case 'opening':
        return this.#opening(data);
      case 'body':
        return this.#body(data);
      case 'epilogue':
        return this.#epilogue(data);
    }
  }

  #preamble(data: Buffer): number {
    const start = this.#find(data);
    const text = data.toString('latin1', 0, start < 0 ? undefined : start);
    if (text.length > MAX_PREAMBLE_BYTES) throw fault('没有找到 Content-Type 里的 boundary');
    if (start < 0) return 0;
    if (STRAY_PART.test(text)) throw fault('第 1 段之前的分隔行与 boundary 不符');
    return this.#enterLine(start);
  }

  // 分隔行的余下部分: 结尾的 "--" (可以没有), 空白, CRLF
  #line(data: Buffer): number {
    const text = data.toString('latin1', 0, MAX_PADDING_BYTES);
    const [whole, dashes] = /^(--)?[ \t]*\r\n/.exec(text) ?? [];
    if (whole === undefined) {
      if (data.length < MAX_PADDING_BYTES && /^-?$|^(?:--)?[ \t]*\r?$/.test(text)) return 0;
      throw fault('分隔行写得不对: boundary 之后只能是 CRLF (内容里也不能有它)');
    }
    this.#state = dashes === undefined ? 'header' : 'epilogue';
    // 尾声里再找分隔行时, 它前面的 CRLF 要在
    return dashes === undefined ? whole.length : whole.length - 2;
  }

  #header(data: Buffer): number {
    // 一个头也没有的段: 空行紧跟着分隔行
    const bare = data[0] === CR && data[1] === LF;
    const end = bare ? 0 : data.indexOf('\r\n\r\n');
    const header = data.subarray(0, end < 0 ? undefined : end);
    if (header.length > MAX_HEADER_BYTES) throw fault(`一段的头超过 ${MAX_HEADER_BYTES} 字节`);
    // 缺了空行: 下一段的头不能接到这一段上
    if (startsWith(header, this.#boundary) || header.includes(this.#delimiter)) {
      throw fault('一段的头没有以空行结束');
    }
    if (end < 0) return 0;
    this.#events.begin(header);
    this.#state = 'opening';
    return end + (bare ? 2 : 4);
  }

  // 内容为空时空行的 CRLF 就是分隔行的 (body-part := headers [CRLF *OCTET]): 紧跟着的边界是下一段, 不是内容
  #opening(data: Buffer): number {
    const isWhole = data.length >= this.#boundary.length;
    if (!isWhole && startsWith(this.#boundary, data)) return 0;
    this.#state = 'body';
    return isWhole && startsWith(data, this.#boundary) ? this.#enterLine(-2) : this.#body(data);
  }

  #body(data: Buffer): number {
    const start = this.#find(data);
    if (start < 0) return data.length - this.#emit(data).length;
    if (start > 0) this.#events.body(data.subarray(0, start));
    return this.#enterLine(start);
  }

  #epilogue(data: Buffer): number {
    if (this.#find(data) >= 0) throw fault('结尾的分隔行之后还有段');
    return this.#suspectStart(data);
  }

  /** 分隔行 (它的 CR) 的位置, 没有则 -1。边界只许在一行的中间: 占着行首或行尾的都是写坏了的分隔行 */
  #find(data: Buffer): number {
    const { length } = this.#boundary;
    for (let at = data.indexOf(this.#boundary); at >= 0; at = data.indexOf(this.#boundary, at + 1)) {
      // 块尾的 CR 与 LF 若接着边界的开头, 总会一起扣下: 所以不会在上一块里
      if (data[at - 1] === LF && data[at - 2] === CR) return at - 2;
      if (data[at - 1] === LF) throw fault('分隔行之前须是 CRLF, 不能只有 LF');
      if (LINE_END.test(data.toString('latin1', at + length, at + length + 4))) {
        throw fault('分隔行之前缺少 CRLF');
      }
      this.#strays += 1;
      if (this.#strays > MAX_STRAYS) throw fault('内容里到处是 boundary, 请换一个随机的');
    }
    return -1;
  }

  /** start: 分隔行的 CR 在哪里 */
  #enterLine(start: number): number {
    if (this.#state === 'body') this.#events.finish();
    this.#state = 'line';
    return start + this.#delimiter.length;
  }

  /** 整块都是内容, 不必与扣下的拼接: 没有边界, 接缝处也没有。太短的块接缝太多, 拼起来再看 */
  #passes(block: Buffer): boolean {
    if (block.length < this.#delimiter.length || block.includes(this.#boundary)) return false;
    if (this.#carry.length === 0) return true;
    const seam = Buffer.concat([this.#carry, block.subarray(0, this.#boundary.length)]);
    return !seam.includes(this.#boundary);
  }

  /** 交出没有分隔行的内容, 返回扣下的块尾 (拷贝) */
  #emit(data: Buffer): Buffer {
    const end = this.#suspectStart(data);
    if (end > 0) this.#events.body(data.subarray(0, end));
    return end === data.length ? EMPTY : Buffer.from(data.subarray(end));
  }

  /** 块尾从哪里起可能是分隔行 (或写坏了的) 的开头; 没有则为块长 */
  #suspectStart(data: Buffer): number {
    const { length } = this.#boundary;
    // 行中间的边界, 还没看到它是不是在行尾
    const last = data.indexOf(this.#boundary, Math.max(0, data.length - length - 3));
    if (last >= 0 && UNFINISHED_LINE_END.test(data.toString('latin1', last + length))) return last;
    for (let start = Math.max(0, data.length - length - 1); start < data.length; start += 1) {
      const skipped = STARTS.indexOf(data[start]!);
      if (skipped >= 0 && startsWith(this.#delimiter.subarray(skipped), data.subarray(start))) return start;
    }
    return data.length;
  }
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.subarray(0, prefix.length).equals(prefix);
}

function fault(detail: string): AppError {
  return new AppError('invalid_field', { detail: `multipart 格式不对: ${detail}` });
}
