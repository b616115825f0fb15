// 文件类型的规则: 哪些扩展名和内容不收, 文件算什么 MIME 类型, 哪些类型可以直接显示。不碰磁盘
import { fileTypeFromBuffer } from 'file-type/core';
import { lookup } from 'mime-types';
import { AppError } from '../protocol/errors.js';
import { disguisedExtension, fileExtension } from './naming.js';

/** 可禁止的可执行内容: Windows PE, Linux ELF, macOS Mach-O, 以 #! 开头的脚本 */
export type BlockedContent = 'pe' | 'elf' | 'macho' | 'shebang';

/** 内容检查看文件开头这么多字节; file-type 需要的最大样本 */
export const HEAD_BYTES = 4100;

const OCTET_STREAM = 'application/octet-stream';
// file-type 对 4 KiB 的输入是微秒级; 超过此数只可能是它的缺陷, 当作认不出
const DETECT_TIMEOUT_MS = 1000;
const MAX_MIME_LENGTH = 127;
// 顶层类型都是字母 (IANA 登记的无一例外); 子类型按 RFC 6838 第 4.2 节
const MIME_PATTERN = /^[a-z]+\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;

// 能缩略的位图: sharp 预编译版能安全解码, 浏览器也都能显示
export const THUMBABLE_TYPES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
]);

// 被动类型: 浏览器只会画出来或播放, 不会执行。SVG, HTML, XML, PDF 能带脚本, 一律作附件
const INLINE_TYPES: ReadonlySet<string> = new Set([
  ...THUMBABLE_TYPES,
  'image/bmp',
  'text/plain',
  'audio/aac',
  'audio/flac',
  'audio/x-flac',
  'audio/mp4',
  'audio/x-m4a',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'audio/webm',
  'video/mp4',
  'video/x-m4v',
  'video/ogg',
  'video/quicktime',
  'video/webm',
]);

// 通用容器: 内容只说明外壳, 里面是什么 (docx, odt, doc) 要看扩展名
const CONTAINERS: ReadonlySet<string> = new Set(['application/zip', 'application/x-cfb', 'application/xml']);

// APNG 就是 PNG: 不认识它的解码器也能显示第一帧
const CANONICAL: ReadonlyMap<string, string> = new Map([['image/apng', 'image/png']]);

const SIGNATURES: Record<BlockedContent, (head: Uint8Array) => boolean> = {
  // 只看 MZ: PE 头的位置由文件自己写, 可以在样本之外
  pe: (head) => startsWith(head, 0x4d, 0x5a),
  elf: (head) => startsWith(head, 0x7f, 0x45, 0x4c, 0x46),
  macho: isMachO,
  shebang: isShebang,
};

export class TypePolicy {
  readonly #blockedExtensions: ReadonlySet<string>;
  readonly #blockedContent: readonly BlockedContent[];

  constructor(options: { blockedExtensions: readonly string[]; blockedContent: readonly BlockedContent[] }) {
    const normalized = options.blockedExtensions.map((word) => word.toLowerCase().replace(/^\./, ''));
    this.#blockedExtensions = new Set(normalized);
    this.#blockedContent = options.blockedContent;
  }

  /** 禁止的扩展名: 小写, 不带点, 没有重复 */
  get blockedExtensions(): readonly string[] {
    return [...this.#blockedExtensions];
  }

  /** 按最后一个扩展名拒绝, 抛 file_type_forbidden。看的是清理之前的名字: 清理换成 '_' 的, 伪装之下也许是 exe */
  checkName(rawName: string): void {
    this.#refuse(disguisedExtension(rawName));
  }

  /** 按文件头拒绝可执行内容, 抛 file_type_forbidden。head 须从文件首字节开始; 可随数据到达反复调用 */
  checkHead(head: Uint8Array): void {
    for (const kind of this.#blockedContent) {
      if (SIGNATURES[kind](head)) throw new AppError('file_type_forbidden', { facts: { content: kind } });
    }
  }

  /**
   * 文件的 MIME 类型: 内容 > 扩展名 > 声明 > application/octet-stream。
   * 内容属于被禁扩展名的 (改了名的 .lnk, .jar, .msi, .class) 抛 file_type_forbidden; 不抛别的错误。
   */
  async identify(head: Uint8Array, cleanName: string, declared: string | undefined): Promise<string> {
    const sample = head.subarray(0, HEAD_BYTES);
    const detected = await detect(sample);
    const extension = fileExtension(cleanName);
    const named = lookup(extension) || undefined;
    if (detected === undefined) return unproven(named ?? declaredType(declared));
    this.#refuse(detected.extension);
    // file-type 分不出 MSI 与 Office 文档, 两者同是 CFB; 没有扩展名的不可能是 Office 文档
    if (detected.mime === 'application/x-cfb' && (extension === '' || isInstaller(sample, named))) {
      this.#refuse('msi');
    }
    return resolveType(detected.mime, named, sample);
  }

  #refuse(extension: string): void {
    if (!this.#blockedExtensions.has(extension)) return;
    throw new AppError('file_type_forbidden', { facts: { extension } });
  }
}

/** 可以在浏览器里直接显示或播放的类型; 其余一律作附件下载 */
export function isInlineType(mime: string): boolean {
  return INLINE_TYPES.has(mime);
}

/** 文本: 送出时要说明编码 */
export function isText(mime: string): boolean {
  return mime.startsWith('text/');
}

/** 可以生成缩略图的类型 */
export function isThumbable(mime: string): boolean {
  return THUMBABLE_TYPES.has(mime);
}

interface Detected {
  readonly mime: string;
  readonly extension: string;
}

// 扫描仪与 libtiff 把目录写在最后, 在样本之外, file-type 于是认不出
const TIFF: Detected = { mime: 'image/tiff', extension: 'tif' };

/** 内容识别; 认不出, 出错, 超时都是 undefined */
async function detect(sample: Uint8Array): Promise<Detected | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, DETECT_TIMEOUT_MS, undefined);
  });
  try {
    const found = await Promise.race([fileTypeFromBuffer(sample), expiry]);
    if (found === undefined) return isTiff(sample) ? TIFF : undefined;
    // 去掉 "audio/ogg; codecs=opus" 的参数
    return { mime: found.mime.split(';', 1)[0]!.trim().toLowerCase(), extension: found.ext };
  } catch {
    // 截断的样本会让解析器中途抛错: 等于认不出
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function resolveType(detected: string, named: string | undefined, sample: Uint8Array): string {
  if (named !== undefined) {
    // 魔数 "BM", "GIF" 太短, 会误认纯文本; 真的图片必有控制字节
    if (isTextual(named) && looksLikeText(sample)) return named;
    // 只在 application 之内细化, 扩展名不能由此得到可直接显示的类型
    if (CONTAINERS.has(detected) && named.startsWith('application/')) return named;
  }
  return CANONICAL.get(detected) ?? detected;
}

/** 内容没有佐证的类型: 自称图片, 音频, 视频的不算数, 免得浏览器去解码任意字节 */
function unproven(mime: string | undefined): string {
  if (mime === undefined) return OCTET_STREAM;
  return /^(?:image|audio|video)\/(?!svg\+xml$)/.test(mime) ? OCTET_STREAM : mime;
}

function declaredType(declared: string | undefined): string | undefined {
  const mime = declared?.replace(/;.*/s, '').trim().toLowerCase() ?? '';
  return mime.length <= MAX_MIME_LENGTH && MIME_PATTERN.test(mime) ? mime : undefined;
}

function isTextual(mime: string): boolean {
  return /^text\/|\+(?:xml|json)$|^application\/(?:xml|json|javascript|x-sh|sql|yaml|toml)$/.test(mime);
}

/** 不含制表, 换行, 换页, ESC 以外的 C0 控制字节; 高位字节不限, GBK 文本也算 */
function looksLikeText(sample: Uint8Array): boolean {
  // UTF-16 的每个字都可能含控制字节, 而它的 BOM 与 MPEG 的帧头撞了
  if (startsWith(sample, 0xff, 0xfe) || startsWith(sample, 0xfe, 0xff)) return true;
  return sample.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0x1b);
}

// 两种字节序, 经典的 (42) 与 BigTIFF (43)
function isTiff(head: Uint8Array): boolean {
  const little = startsWith(head, 0x49, 0x49) && (head[2] === 0x2a || head[2] === 0x2b) && head[3] === 0;
  return little || (startsWith(head, 0x4d, 0x4d, 0) && (head[3] === 0x2a || head[3] === 0x2b));
}

function isMachO(head: Uint8Array): boolean {
  // 单架构, 32 与 64 位, 两种字节序
  if (startsWith(head, 0xfe, 0xed, 0xfa) && (head[3] === 0xce || head[3] === 0xcf)) return true;
  if ((head[0] === 0xce || head[0] === 0xcf) && startsWith(head.subarray(1), 0xfa, 0xed, 0xfe)) return true;
  if (!startsWith(head, 0xca, 0xfe, 0xba) || head.length < 8) return false;
  if (head[3] === 0xbf) return true;
  // cafebabe 也是 Java class: 那里这四个字节是版本号, 主版本从 45 (0x2d) 起; 胖二进制的架构数远小于它。
  // class 文件由 identify 按扩展名 'class' 处理
  return head[3] === 0xbe && head[4] === 0 && head[5] === 0 && head[6] === 0 && head[7]! < 0x2d;
}

function isShebang(head: Uint8Array): boolean {
  // 有些 shell 容忍 UTF-8 BOM; UTF-16 的脚本没有系统会执行
  const start = startsWith(head, 0xef, 0xbb, 0xbf) ? 3 : 0;
  // 第三个字节到了才判断: Rust 源文件以 #![ 开头, 不是解释器路径
  if (head.length < start + 3 || head[start + 2] === 0x5b) return false;
  return head[start] === 0x23 && head[start + 1] === 0x21;
}

/** CFB 是不是 Windows 安装包 (msi, msp, mst): 根目录项的 CLSID 为 000C108x-…-46; 够不着就看名字是否相称 */
function isInstaller(sample: Uint8Array, named: string | undefined): boolean {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  if (sample.length >= 512) {
    // 目录扇区号在 0x30, 扇区大小的幂在 0x1e, 文件头占一个扇区; 乘法防溢出
    const root = (view.getUint32(0x30, true) + 1) * 2 ** view.getUint16(0x1e, true);
    if (root + 96 <= sample.length) {
      const clsid = view.getUint32(root + 80, true);
      return clsid >= 0x000c1080 && clsid <= 0x000c108f && sample[root + 95] === 0x46;
    }
  }
  // 名字说是文本, 图片, 音频: 是改了名的。不认识的扩展名 (CAD 等也用 CFB) 放行
  return named !== undefined && !named.startsWith('application/');
}

function startsWith(head: Uint8Array, ...magic: number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}
