// 文件名的清理: 用户给的名字只用于显示和下载, 磁盘上的名字是 UUID 加扩展名
import { AppError } from '../protocol/errors.js';
import { replaceSpecials, withoutUnseen } from './special-characters.js';

/** 清理后文件名的上限, UTF-8 字节; 各系统的上限是 255, 余量留给 " (1)" 之类的后缀 */
export const MAX_FILE_NAME_BYTES = 200;

// 扩展名 (含点) 超过此数就不当扩展名保留, UTF-8 字节
const MAX_KEPT_SUFFIX_BYTES = 32;
// 真的路径: 盘符, UNC 或以分隔符开头, 或有一段是 ".."; 名字中间的分隔符只是特殊字符
const PATH = /^[A-Za-z]:[/\\]|^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)/;
// NTFS 数据流: "a.exe::$DATA" 打开的就是 a.exe, 从这里切断
const DATA_STREAM = /:[^:]*:\$data/i;
const EXTENSION = /^[A-Za-z0-9]{1,16}$/;
const graphemes = new Intl.Segmenter('zh', { granularity: 'grapheme' });

/**
 * 可显示的文件名, 至多 200 字节 UTF-8, 截断时保留扩展名, 不切开一个表情。没有可用部分抛 file_name_invalid。
 * 保证: 幂等; NFC; 不含路径分隔符, 控制与双向字符; 不是 "." 或 ".."; 不以空白开头, 不以点或空白结尾。
 * 开头的点与 Windows 设备名 (CON) 留着: 磁盘上的名字是 UUID, 存到别处的人各自避开
 */
export function cleanFileName(raw: string): string {
  const text = raw.normalize('NFC').trimStart();
  const base = trimEdges(withoutStream(lastComponent(text)));
  // 全是看不见的: 换成一串 '_' 也没有意义
  if (trimEdges(withoutUnseen(base)) === '') throw new AppError('file_name_invalid');
  const name = truncate(replaceSpecials(base));
  if (name === '') throw new AppError('file_name_invalid');
  return name;
}

/** 小写扩展名, 不带点, 只有 [a-z0-9]{1,16}, 否则为 ''; 可直接进 URL 和磁盘上的文件名 */
export function fileExtension(cleanName: string): string {
  const dot = cleanName.lastIndexOf('.');
  const extension = dot < 0 ? '' : cleanName.slice(dot + 1);
  // 先验 ASCII 再转小写: 开尔文符号 K 之类的小写也是 ASCII 字母
  return EXTENSION.test(extension) ? extension.toLowerCase() : '';
}

/**
 * 伪装之下的扩展名: 全角字母与点当作半角, 看不见的字符当作没有。只用来拦: 别的程序存盘时也许会这样改写,
 * 那时 "a.e(ZWJ)xe" 就成了 a.exe
 */
export function disguisedExtension(raw: string): string {
  return fileExtension(trimEdges(withoutStream(withoutUnseen(raw.normalize('NFKC')))));
}

/** 服务器内的路径 /files/UUID.ext; 没有扩展名就没有点。上传中与发布后相同 */
export function publishedPath(fileId: string, cleanName: string): string {
  const extension = fileExtension(cleanName);
  return `/files/${fileId}${extension === '' ? '' : `.${extension}`}`;
}

// 老浏览器 (C:\fakepath\) 和 Windows 客户端会送来完整路径, 那时两种分隔符都切; 不是路径的原样返回
function lastComponent(text: string): string {
  if (!PATH.test(text)) return text;
  return text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
}

function withoutStream(text: string): string {
  const stream = text.search(DATA_STREAM);
  return stream < 0 ? text : text.slice(0, stream);
}

/** 去开头的空白, 结尾的空白与点 (Windows 会丢掉它们, "a.exe." 就成了 a.exe)。手写循环: 同义的正则是平方时间 */
function trimEdges(text: string): string {
  const name = text.trimStart();
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1]!.trim() === '')) end--;
  return name.slice(0, end);
}

/** 截到 200 字节; 扩展名不太长就保留, 从主名里减 */
function truncate(name: string): string {
  if (utf8Bytes(name) <= MAX_FILE_NAME_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const suffix = dot > 0 && utf8Bytes(name.slice(dot)) <= MAX_KEPT_SUFFIX_BYTES ? name.slice(dot) : '';
  const stem = suffix === '' ? name : name.slice(0, dot);
  // 切口处可能露出点或空格
  return trimEdges(cutStem(stem, MAX_FILE_NAME_BYTES - utf8Bytes(suffix))) + suffix;
}

/** 至多 maxBytes 字节, 只在看上去的一个字之间切: 家庭表情不剩半家人 */
function cutStem(stem: string, maxBytes: number): string {
  // 一个 UTF-16 单元至少一字节: 再往后的用不上
  const reach = stem.slice(0, maxBytes + 1);
  const whole = cutPieces(
    Array.from(graphemes.segment(reach), ({ segment }) => segment),
    maxBytes,
  );
  // 一个字就放不下 (一串叠加的附标): 只好在码点之间切, 切散了的零宽字符不再有依托
  return whole === '' ? replaceSpecials(cutPieces(reach, maxBytes)) : whole;
}

function cutPieces(pieces: Iterable<string>, maxBytes: number): string {
  let kept = '';
  let leftBytes = maxBytes;
  for (const piece of pieces) {
    leftBytes -= utf8Bytes(piece);
    if (leftBytes < 0) break;
    kept += piece;
  }
  return kept;
}

/** 不依赖 Buffer 的 UTF-8 字节数; 孤立代理项 (切开的半个) 按 3 字节 */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
