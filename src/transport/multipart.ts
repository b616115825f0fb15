// multipart 解析: 切分与各段的头由我们严格认一遍, 写成规整的样子再给 busboy 认; 两边认出的段必须逐个相同, 否则拒绝
// 单靠 busboy, 写法稍有不合的段会不声不响地消失 (不认得的头, 空白, 空的内容), 对方却得到 201。
// 文件内容从 uWS 的块直接交给接收方, 不经 busboy; 它只看见头与字段。uWS 的块在回调返回后失效, 给它的都是拷贝
import type { Readable } from 'node:stream';
import busboy, { type Busboy } from 'busboy';
import { decodeText } from '../files/text-charset.js';
import { AppError } from '../protocol/errors.js';
import { FormSplitter } from './form-splitter.js';
import { type PartHeader, parsePartHeader, partError } from './part-header.js';

export interface MultipartEvents {
  /** value 给出字段的文字; 错误: invalid_field (不是它声明的编码, 或不是 UTF-8 与 GB18030) */
  field(name: string, value: () => string): void;
  /** 一个文件开始; 返回它的接收函数, 收到的 bytes 只在调用期间有效 */
  file(fileName: string, mimeType: string): Receive;
  /** 全部解析完 */
  close(): void;
  /** 格式不对, 或超过上限; 之后不再有别的事件 */
  reject(error: AppError): void;
}

// 各种段的上限。name 之外的字段与没有选文件的文件框一概忽略, 但不能没有数
const MAX_FIELDS = 16;
const MAX_FIELD_BYTES = 4096;
const MAX_UNCHOSEN = 256;

const TOO_MANY: Readonly<Record<PartHeader['kind'], string>> = {
  file: ': 文件个数过多',
  field: ': 字段过多',
  unchosen: ': 空的文件框过多',
};

type Receive = (bytes: Uint8Array) => void;

/** 正在读的一段 */
interface Part {
  /** 第几段, 从 1 起; 也是给 busboy 的字段名: 它认出的必须正是这一段 */
  readonly number: number;
  readonly header: PartHeader;
  /** 文件才有 */
  receive: Receive | undefined;
  /** 内容的字节数 */
  bytes: number;
  /** busboy 也认出了它 */
  recognized: boolean;
}

export class MultipartReader {
  readonly #parser: Busboy;
  readonly #splitter: FormSplitter;
  readonly #events: MultipartEvents;
  readonly #delimiter: string;
  /** 各种段还可以有几个 */
  readonly #left: Record<PartHeader['kind'], number>;
  #part: Part | undefined;
  #rejected = false;

  /** 错误: invalid_field (缺少 boundary, 或它不合法) */
  constructor(contentType: string, maxFiles: number, events: MultipartEvents) {
    const boundary = boundaryOf(contentType);
    this.#events = events;
    this.#left = { file: maxFiles, field: MAX_FIELDS, unchosen: MAX_UNCHOSEN };
    this.#delimiter = `\r\n--${boundary}`;
    this.#splitter = new FormSplitter(boundary, {
      begin: (header) => this.#begin(header),
      body: (bytes) => this.#body(bytes),
      finish: () => this.#finish(),
    });
    this.#parser = createParser(boundary);
    this.#parser.on('field', (number, value) => this.#recognize('field', number, value));
    this.#parser.on('file', (number, stream) => {
      drain(stream);
      this.#recognize('file', number, '');
    });
    this.#parser.on('error', () => this.#reject(disagreement()));
    this.#parser.on('close', () => {
      if (!this.#rejected) events.close();
    });
    // 首个分隔行; 其后的由每一段的结尾给出
    this.#tell(this.#delimiter);
  }

  /** 喂一块请求体; 返回后 block 可以失效 */
  feed(block: Buffer): void {
    this.#attempt(() => this.#splitter.feed(block));
  }

  end(): void {
    this.#attempt(() => {
      this.#splitter.end();
      this.#parser.end('--');
    });
  }

  destroy(): void {
    this.#parser.destroy();
  }

  #begin(block: Buffer): void {
    const number = (this.#part?.number ?? 0) + 1;
    const header = parsePartHeader(block, number);
    const { kind, name } = header;
    this.#part = { number, header, receive: undefined, bytes: 0, recognized: false };
    this.#left[kind] -= 1;
    if (this.#left[kind] < 0) throw partError(number, name, TOO_MANY[kind]);
    const fileName = kind === 'file' ? '; filename="f"' : '';
    // 文件给它一个字节的内容: 头末尾的 CRLF 也可能是分隔行的开头, 不见到别的字节它不会交出文件
    const content = kind === 'file' ? '.' : '';
    this.#tell(`\r\nContent-Disposition: form-data; name="${number}"${fileName}\r\n\r\n${content}`);
    if (kind === 'file' && this.#part.receive === undefined) throw disagreement();
  }

  #body(bytes: Buffer): void {
    const part = this.#part;
    if (part === undefined) return;
    const { header, number } = part;
    part.bytes += bytes.length;
    switch (header.kind) {
      case 'file':
        part.receive?.(bytes);
        break;
      case 'unchosen':
        throw partError(number, header.name, '有内容, 却没有文件名', 'file_name_invalid');
      case 'field':
        if (part.bytes > MAX_FIELD_BYTES) {
          throw partError(number, header.name, `的值超过 ${MAX_FIELD_BYTES} 字节`);
        }
        this.#parser.write(Buffer.from(bytes));
    }
  }

  #finish(): void {
    // 到这里 busboy 才交出字段
    this.#tell(this.#delimiter);
    if (this.#part?.recognized !== true) throw disagreement();
  }

  // busboy 的回调, 在 #tell 之内同步到来; 在这里抛错会毁了它的状态
  #recognize(kind: 'field' | 'file', number: string | undefined, value: string): void {
    if (this.#rejected) return;
    const part = this.#part;
    const isFile = part?.header.kind === 'file';
    if (
      part === undefined ||
      part.recognized ||
      number !== String(part.number) ||
      isFile !== (kind === 'file')
    ) {
      this.#reject(disagreement());
      return;
    }
    part.recognized = true;
    const { header } = part;
    if (header.kind === 'file') part.receive = this.#events.file(header.fileName, header.mimeType);
    if (header.kind === 'field')
      this.#events.field(header.name, () => decodeField(part.number, header, value));
  }

  #tell(text: string): void {
    this.#parser.write(Buffer.from(text, 'latin1'));
  }

  // 切分与段头的错误在这里成为 reject; 接收方的错误不经过这里
  #attempt(task: () => void): void {
    if (this.#rejected) return;
    try {
      task();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#reject(error);
    }
  }

  #reject(error: AppError): void {
    if (this.#rejected) return;
    this.#rejected = true;
    this.#events.reject(error);
  }
}

type FieldHeader = Extract<PartHeader, { kind: 'field' }>;

// value: busboy 按 latin1 给出, 一个字节一个字符
function decodeField(number: number, { name, charset }: FieldHeader, value: string): string {
  const text = decodeText(Buffer.from(value, 'latin1'), charset);
  if (text !== undefined) return text;
  throw partError(number, name, `的值不是 ${charset ?? 'UTF-8 或 GBK'} 编码的文字`);
}

// 我们写给 busboy 的都是规整的; 认得不一样就是哪一边错了, 宁可拒绝也不能少一段
function disagreement(): AppError {
  return new AppError('invalid_field', { detail: 'multipart 的段数两次认得不一样' });
}

// 文件的内容不经过它: 让空的流走到 'end', 解析器才会发出 'close'
function drain(stream: Readable): void {
  // 中途销毁解析器时流会报错; 原因由销毁者掌握
  stream.on('error', () => {});
  stream.resume();
}

// RFC 2046 第 5.1.1 节的 boundary 字符, 不以空格结尾; 限定它们, 下面才能原样拼回引号里
const BOUNDARY_PATTERN = /^[0-9a-z'()+_,\-./:=? ]{0,69}[0-9a-z'()+_,\-./:=?]$/i;

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined || !BOUNDARY_PATTERN.test(boundary)) {
    throw new AppError('invalid_field', { detail: 'Content-Type 缺少合法的 boundary' });
  }
  return boundary;
}

function createParser(boundary: string): Busboy {
  return busboy({
    headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
    // 一个字节一个字符: 字段的编码由这里认
    defCharset: 'latin1',
    // 个数与长度已由这里把守, 不能由它悄悄截断
    limits: { fieldSize: MAX_FIELD_BYTES + 1 },
  });
}
