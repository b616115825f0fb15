// 表单一段的头 -> 字段名, 文件名, 类型; 一丝不苟: 认不准的一律说出是哪一段, 不猜也不略过。不碰字节流
// 依据: RFC 7578 (multipart/form-data), RFC 2183 (Content-Disposition 的参数), RFC 8187 (filename*), WHATWG HTML 4.10.21.8
import { decodeText } from '../files/text-charset.js';
import { AppError } from '../protocol/errors.js';

/** 字段名对文件不起作用, 可以没有; unchosen 是没有选文件的文件框 (filename=""), 不该有内容 */
export type PartHeader =
  | { readonly kind: 'field'; readonly name: string; readonly charset: string | undefined }
  | { readonly kind: 'file'; readonly name?: string; readonly fileName: string; readonly mimeType: string }
  | { readonly kind: 'unchosen'; readonly name?: string };

type Fields = ReadonlyMap<string, string>;
type PartErrorCode = 'invalid_field' | 'file_name_invalid';

// 错误说明里的字段名至多这么多字符
const MAX_SHOWN_NAME = 64;

// RFC 2045 的 token; 与 HTTP 的相同
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const FIELD = new RegExp(`^(${TOKEN}):[ \\t]*(.*?)[ \\t]*$`, 's');
// 一个参数, 连同前面的分号; 引号里的反斜线可以转义任何字符
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN})=(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))[ \\t]*`, 'sy');
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*(?:;(.*))?$`, 's');
const CHARSET = /(?:^|;)[ \t]*charset=("?)([\w.:+-]+)\1[ \t]*(?:;|$)/i;
const EXTENDED = /^([\w!#$%&+^`{}~-]+)'[A-Za-z0-9-]*'((?:[\w!#$&+.^`|~-]|%[0-9A-Fa-f]{2})*)$/;
// 段头里不许有的: 制表以外的控制字符, 含落单的 CR 与 LF
const CONTROL = /(?!\t)\p{Cc}/u;
// 这三个决定一段怎么读: 出现两次就不知道听谁的
const DECISIVE = new Set(['content-disposition', 'content-type', 'content-transfer-encoding']);
// 不改变字节的编码 (RFC 2045 第 6.2 节)
const IDENTITY_ENCODINGS = new Set(['7bit', '8bit', 'binary']);
// 没有 filename 而类型是这些的是文件: 当成字段会不声不响地略过它
const NAMELESS_FILE = /^(?:application\/octet-stream|(?:image|audio|video)\/.*)$/;

/**
 * block 是分隔行与空行之间的字节 (不含最后的 CRLF), UTF-8 或 GB18030。number 是第几段, 从 1 起。
 * 错误: invalid_field, file_name_invalid (文件没有 filename); 说明与 part, field 指出是哪一段
 */
export function parsePartHeader(block: Uint8Array, number: number): PartHeader {
  try {
    return interpret(block);
  } catch (error) {
    if (!(error instanceof PartFault)) throw error;
    throw partError(number, guessName(block), error.message, error.code);
  }
}

/** 指名道姓的错误: 第几段, 哪个字段; problem 接在后面, 例如 "没有 name" */
export function partError(
  number: number,
  field: string | undefined,
  problem: string,
  code: PartErrorCode = 'invalid_field',
): AppError {
  const name = field?.slice(0, MAX_SHOWN_NAME);
  const label = name === undefined ? `第 ${number} 段` : `第 ${number} 段 (字段 ${name})`;
  const facts = { part: number, ...(name === undefined ? {} : { field: name }) };
  return new AppError(code, { detail: `${label}${problem}`, facts });
}

// 只在本模块内部抛出; 出去时补上是哪一段
class PartFault extends Error {
  readonly code: PartErrorCode;

  constructor(problem: string, code: PartErrorCode = 'invalid_field') {
    super(problem);
    this.code = code;
  }
}

function interpret(block: Uint8Array): PartHeader {
  const fields = parseFields(block);
  const parameters = parseDisposition(fields.get('content-disposition'));
  refuseEncoding(fields.get('content-transfer-encoding'));
  const rawName = parameters.get('name');
  const name = rawName === undefined ? undefined : unescapePercent(rawName);
  const [, mediaType = 'text/plain', rest = ''] = MEDIA_TYPE.exec(fields.get('content-type') ?? '') ?? [];
  const mimeType = mediaType.toLowerCase();
  const fileName = fileNameOf(parameters);
  if (fileName !== undefined) {
    const named = name === undefined ? {} : { name };
    return fileName === '' ? { kind: 'unchosen', ...named } : { kind: 'file', ...named, fileName, mimeType };
  }
  refuseDisguise(mimeType);
  if (name === undefined) throw new PartFault('没有 name');
  return { kind: 'field', name, charset: CHARSET.exec(rest)?.[2] };
}

/** 头不合法时也尽量说出字段名 */
function guessName(block: Uint8Array): string | undefined {
  return /[;\s]name="?([^";\r\n]+)/i.exec(decodeText(block) ?? '')?.[1];
}

function parseFields(block: Uint8Array): Fields {
  // 先解码再分析: GBK 的第二个字节可以是反斜线, 按字节看就成了转义
  const text = decodeText(block);
  if (text === undefined) throw new PartFault('的头既不是 UTF-8, 也不是 GBK');
  const fields = new Map<string, string>();
  // 以空白开头的行接着上一行 (RFC 5322 第 2.2.3 节)
  for (const line of text === '' ? [] : text.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    const [, name = '', value = ''] = FIELD.exec(line) ?? [];
    if (name === '' || CONTROL.test(value)) throw new PartFault('的头不合法');
    const key = name.toLowerCase();
    if (fields.has(key) && DECISIVE.has(key)) throw new PartFault(`有两个 ${name}`);
    fields.set(key, value);
  }
  return fields;
}

function parseDisposition(value: string | undefined): Fields {
  if (value === undefined) throw new PartFault('没有 Content-Disposition');
  const [, type = '', rest = ''] = /^([^;\s]*)[ \t]*(.*)$/s.exec(value) ?? [];
  if (type.toLowerCase() !== 'form-data') throw new PartFault('的 Content-Disposition 须是 form-data');
  const parameters = new Map<string, string>();
  for (let position = 0; position < rest.length; position = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = position;
    const match = PARAMETER.exec(rest);
    if (match === null) throw new PartFault('的 Content-Disposition 写法不对 (有空格或中文的值须加引号)');
    const [, name = '', quoted, token = ''] = match;
    const key = name.toLowerCase();
    if (parameters.has(key)) throw new PartFault(`有两个 ${name}`);
    parameters.set(key, quoted === undefined ? token : quoted.replace(/\\(["\\])/g, '$1'));
  }
  return parameters;
}

function fileNameOf(parameters: Fields): string | undefined {
  for (const key of parameters.keys()) {
    // 认不出名字就会被当成字段略过
    if (/^filename\*./.test(key)) throw new PartFault('的文件名分成了几截 (RFC 2231), 请写成一个 filename');
  }
  const extended = parameters.get('filename*');
  if (extended !== undefined) return decodeExtended(extended);
  const plain = parameters.get('filename');
  return plain === undefined ? undefined : unescapePercent(plain);
}

/** 浏览器与 curl 只把这三个字符写成百分号, 别的百分号就是文件名本身 */
function unescapePercent(value: string): string {
  return value.replace(/%(22|0D|0A)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

// charset'语言'百分号编码的字节
function decodeExtended(value: string): string {
  const [, charset = '', encoded = ''] = EXTENDED.exec(value) ?? [];
  const hex = encoded.replace(/%(..)|(.)/g, (_, pair?: string, plain = '') =>
    pair === undefined ? plain.charCodeAt(0).toString(16) : pair,
  );
  const decoded = charset === '' ? undefined : decodeText(Buffer.from(hex, 'hex'), charset);
  if (decoded === undefined) throw new PartFault('的 filename* 写法不对, 或不是它声明的编码');
  return decoded;
}

// 照存就成了编码后的文字。这个头在表单里早已废弃 (RFC 7578 第 4.7 节), 没有浏览器与 curl 会发;
// 为它解码, 大小的上限与进度就不再是线上的字节: 所以请对方直接发原文
function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || IDENTITY_ENCODINGS.has(encoding.toLowerCase())) return;
  throw new PartFault(`的 Content-Transfer-Encoding: ${encoding} 不支持, 请直接发送原始字节 (binary)`);
}

// 没有 filename 就是字段, 而除 name 以外的字段一概忽略: 看着是文件的不能这样丢了
function refuseDisguise(mimeType: string): void {
  if (mimeType.startsWith('multipart/')) {
    throw new PartFault('是嵌套的 multipart (已废弃, RFC 7578 第 4.3 节), 请每个文件各写一段');
  }
  if (NAMELESS_FILE.test(mimeType)) throw new PartFault('是文件, 却没有 filename', 'file_name_invalid');
}
