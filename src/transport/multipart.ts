// multipart 解析: busboy 认边界与头, 文件的字节不经它的流, 直接交给接收方
// uWS 的块在回调返回后失效, 所以只在确知整块都是文件内容时才不拷贝, 其余先拷一份再解析
import type { Readable } from 'node:stream';
import busboy, { type Busboy } from 'busboy';
import { AppError } from '../protocol/errors.js';

export interface MultipartEvents {
  field(name: string, value: string): void;
  /** 一个文件开始; 返回它的接收函数, 收到的 bytes 只在调用期间有效 */
  file(fileName: string, mimeType: string): (bytes: Uint8Array) => void;
  /** 全部解析完 */
  close(): void;
  /** 格式不对, 或超过上限; 之后不再有别的事件 */
  reject(detail: string): void;
}

// name 之外的字段一概忽略, 但要有上限
const MAX_FIELDS = 16;
const MAX_FIELD_BYTES = 4096;

export class MultipartReader {
  readonly #parser: Busboy;
  readonly #boundary: BoundaryScan;
  readonly #events: MultipartEvents;
  /** 正在文件内容之中: 下一个边界之前全是它的字节 */
  #insideFile = false;
  #rejected = false;

  /** 错误: invalid_field (缺少 boundary, 或它不合法) */
  constructor(contentType: string, maxFiles: number, events: MultipartEvents) {
    const boundary = boundaryOf(contentType);
    this.#events = events;
    this.#boundary = new BoundaryScan(boundary);
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
    // 次序要紧: 每一块都要给 BoundaryScan 看, 它要记住块尾
    const plain = !this.#boundary.touches(block) && this.#insideFile;
    // busboy 会留住字段的字节而不拷贝, 所以除了纯文件内容都得先拷
    this.#parser.write(plain ? block : Buffer.from(block));
  }

  end(): void {
    this.#parser.end();
  }

  destroy(): void {
    this.#parser.destroy();
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

  // 越过流的缓冲: busboy 对流只做 push, 在这里接住就不会有积存, 也不会留下失效的内存
  #consume(stream: Readable, receive: (bytes: Uint8Array) => void): void {
    const finish = stream.push.bind(stream);
    this.#insideFile = true;
    stream.push = (bytes: Buffer | null): boolean => {
      if (bytes !== null) {
        receive(bytes);
        return true;
      }
      this.#insideFile = false;
      return finish(null);
    };
    // 中途销毁解析器时流会报错; 原因由销毁者掌握
    stream.on('error', () => {});
    // 让它走到 'end', 解析器才会发出 'close'
    stream.resume();
  }
}

/** 逐块判断边界是否可能在这一块里结束; 跨块的边界靠记住上一块的尾巴 */
class BoundaryScan {
  readonly #needle: Buffer;
  #tail: Buffer = Buffer.alloc(0);

  constructor(boundary: string) {
    this.#needle = Buffer.from(`--${boundary}`, 'latin1');
  }

  touches(block: Buffer): boolean {
    const overlap = this.#needle.length - 1;
    const seam = Buffer.concat([this.#tail, block.subarray(0, overlap)]);
    const found = seam.includes(this.#needle) || block.includes(this.#needle);
    const rest = block.length >= overlap ? block : seam;
    this.#tail = Buffer.from(rest.subarray(Math.max(0, rest.length - overlap)));
    return found;
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
    // 不给它原来的头: 两处各自解析可能得出不同的边界, BoundaryScan 就会把要留住的块当成文件内容而不拷贝
    headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
    // 浏览器与 curl 都发 UTF-8 文件名; 默认的 latin1 会把中文变成乱码
    defParamCharset: 'utf8',
    // 保留原样: 路径由 cleanFileName 处理
    preservePath: true,
    limits: { files, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
  });
}
