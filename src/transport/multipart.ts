// multipart 解析: busboy 认边界与头; 大段的文件内容由这里直接交给接收方, 不经它逐字节的扫描
// uWS 的块在回调返回后失效, 而 busboy 会留住字段的字节, 所以交给 busboy 的一律先拷一份
import type { Readable } from 'node:stream';
import busboy, { type Busboy } from 'busboy';
import { AppError } from '../protocol/errors.js';

export interface MultipartEvents {
  field(name: string, value: string): void;
  /** 一个文件开始; 返回它的接收函数, 收到的 bytes 只在调用期间有效 */
  file(fileName: string, mimeType: string): Receive;
  /** 全部解析完 */
  close(): void;
  /** 格式不对, 或超过上限; 之后不再有别的事件 */
  reject(detail: string): void;
}

// name 之外的字段一概忽略, 但要有上限
const MAX_FIELDS = 16;
const MAX_FIELD_BYTES = 4096;

type Receive = (bytes: Uint8Array) => void;

const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);

export class MultipartReader {
  readonly #parser: Busboy;
  readonly #events: MultipartEvents;
  /** 结束一个文件的边界; 以 CR 开头 */
  readonly #delimiter: Buffer;
  /** 正在文件内容之中时, 它的接收函数 */
  #receive: Receive | undefined;
  /** busboy 内部没有扣着可能是边界开头的字节: 此时可以绕过它 */
  #clean = false;
  /** 绕过期间扣下的块尾: 可能是边界的开头, 要看下一块才知道 */
  #carry: Buffer = EMPTY;
  #rejected = false;

  /** 错误: invalid_field (缺少 boundary, 或它不合法) */
  constructor(contentType: string, maxFiles: number, events: MultipartEvents) {
    const boundary = boundaryOf(contentType);
    this.#events = events;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#parser = createParser(boundary, maxFiles);
    this.#parser.on('field', (name, value, { valueTruncated }) => this.#field(name, value, valueTruncated));
    this.#parser.on('file', (_field, stream, { filename, mimeType }) =>
      this.#file(stream, filename, mimeType),
    );
    this.#parser.on('filesLimit', () => this.#reject('文件个数过多'));
    this.#parser.on('fieldsLimit', () => this.#reject('字段过多'));
    this.#parser.on('error', () => this.#reject('multipart 格式不对, 或没有传完'));
    this.#parser.on('close', () => {
      if (!this.#rejected) events.close();
    });
  }

  /** 喂一块请求体; 返回后 block 可以失效 */
  feed(block: Buffer): void {
    const receive = this.#clean ? this.#receive : undefined;
    if (receive !== undefined && !this.#endsIn(block)) {
      this.#pass(block, receive);
      return;
    }
    const copy = Buffer.concat([this.#carry, block]);
    this.#carry = EMPTY;
    this.#parser.write(copy);
    // 块尾没有 CR, busboy 就没有理由扣下什么
    this.#clean = copy.length >= this.#delimiter.length && this.#suspectStart(copy) === copy.length;
  }

  end(): void {
    // 没有等到边界就结束: 交还扣下的字节, 由 busboy 报告没有传完
    if (this.#carry.length > 0) this.#parser.write(this.#carry);
    this.#parser.end();
  }

  destroy(): void {
    this.#parser.destroy();
  }

  // 整块都是文件内容: 直接交出, 只扣下可疑的块尾
  #pass(piece: Buffer, receive: Receive): void {
    // 比边界还短的块: 扣下的可能仍是半个边界, 并起来再看
    const short = piece.length < this.#delimiter.length;
    const block = short ? Buffer.concat([this.#carry, piece]) : piece;
    if (!short && this.#carry.length > 0) receive(this.#carry);
    const end = this.#suspectStart(block);
    // 块尾要留到下一块, 必须拷贝
    this.#carry = end === block.length ? EMPTY : Buffer.from(block.subarray(end));
    receive(block.subarray(0, end));
  }

  /** 边界是否在这一块里结束: 整个在块内, 或从扣下的块尾跨过来 */
  #endsIn(block: Buffer): boolean {
    const seam = Buffer.concat([this.#carry, block.subarray(0, this.#delimiter.length)]);
    return seam.includes(this.#delimiter) || block.includes(this.#delimiter);
  }

  /** 块尾从哪里起可能是边界的开头 (最后一个边界长度之内的第一个 CR); 没有则为块长 */
  #suspectStart(block: Buffer): number {
    const from = Math.max(0, block.length - this.#delimiter.length);
    const index = block.indexOf(CARRIAGE_RETURN, from);
    return index === -1 ? block.length : index;
  }

  // 未知的 charset 解不出值; 没有 name 的段没有字段名 (busboy 的类型没有写出这两种)
  #field(name: string | undefined, value: string | undefined, truncated: boolean): void {
    if (this.#rejected) return;
    if (truncated || name === undefined || value === undefined)
      this.#reject(`字段 ${name ?? ''} 过长或不合法`);
    else this.#events.field(name, value);
  }

  #file(stream: Readable, fileName: string | undefined, mimeType: string): void {
    this.#consume(stream, this.#rejected ? () => {} : this.#events.file(fileName ?? '', mimeType));
  }

  // 出错之后 busboy 还会接着解析这一块的余下部分, 所以自己把住
  #reject(detail: string): void {
    if (this.#rejected) return;
    this.#rejected = true;
    this.#events.reject(detail);
  }

  // busboy 对文件流只做 push: 在这里接住, 就没有积存, 也不会留下失效的内存
  #consume(stream: Readable, receive: Receive): void {
    const finish = stream.push.bind(stream);
    this.#receive = receive;
    stream.push = (bytes: Buffer | null): boolean => {
      if (bytes !== null) {
        receive(bytes);
        return true;
      }
      this.#receive = undefined;
      return finish(null);
    };
    // 中途销毁解析器时流会报错; 原因由销毁者掌握
    stream.on('error', () => {});
    // 让它走到 'end', 解析器才会发出 'close'
    stream.resume();
  }
}

// RFC 2046 第 5.1.1 节的 boundary 字符; 限定它们, 下面才能原样拼回引号里
const BOUNDARY_PATTERN = /^[0-9a-z'()+_,\-./:=? ]{1,70}$/i;

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined || !BOUNDARY_PATTERN.test(boundary)) {
    throw new AppError('invalid_field', { detail: 'Content-Type 缺少合法的 boundary' });
  }
  return boundary;
}

function createParser(boundary: string, files: number): Busboy {
  return busboy({
    // 不给它原来的头: 两处各自解析可能得出不同的边界, feed 就会把不是文件的块当成文件内容
    headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
    // 浏览器与 curl 都发 UTF-8 文件名; 默认的 latin1 会把中文变成乱码
    defParamCharset: 'utf8',
    // 保留原样: 路径由 cleanFileName 处理
    preservePath: true,
    limits: { files, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
  });
}
