// 文件名的清理: 用户给的名字只用于显示和下载, 磁盘上的名字是 UUID 加扩展名
import { AppError } from '../protocol/errors.js';

/** 清理后文件名的上限, UTF-8 字节; 各系统的上限是 255, 余量留给 " (1)" 之类的后缀 */
export const MAX_FILE_NAME_BYTES = 200;

// 扩展名 (含点) 超过此数就不当扩展名保留, UTF-8 字节
const MAX_KEPT_SUFFIX_BYTES = 32;
// NTFS 数据流: "a.exe::$DATA" 打开的就是 a.exe, 从这里切断
const DATA_STREAM = /:[^:]*:\$data/i;
// 控制, 双向控制, 零宽 (含表情里的 ZWJ 与变体选择符), 行分隔, 行间注释, 孤立代理项, 非字符
const REMOVED =
  /[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2028\u2029\uFFF9-\uFFFB]/gu;
const RESERVED = /[<>:"|?*]/g;
// 点或空格之前是设备名, Windows 就打开设备, 不管扩展名; 上标数字也算
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(?:\.|$)/i;
const EXTENSION = /^[A-Za-z0-9]{1,16}$/;

/**
 * 可显示, 可在任何系统上保存的文件名, 至多 200 字节 UTF-8, 截断时保留扩展名。没有可用部分抛 file_name_invalid。
 * 保证: 幂等; 结果不含路径分隔符, "..", 控制与不可见字符; 不是 Windows 设备名; 不以点开头, 不以点或空白结尾。
 * 开头的点换成 '_' (同 Chrome 的下载规则): ".htaccess" 存到别人机器上不会隐藏, 也不会生效。
 */
export function cleanFileName(raw: string): string {
  // 先去掉不可见字符再 NFC: 去掉之后相邻的字符可能重新组合
  const readable = lastComponent(raw).replace(REMOVED, '').normalize('NFC');
  const stream = readable.search(DATA_STREAM);
  const base = trimEdges(stream < 0 ? readable : readable.slice(0, stream));
  if (base === '') throw new AppError('file_name_invalid');
  // 连续的点并成一个: 下游若用 includes('..') 防穿越也不会误伤
  const name = base.replace(RESERVED, '_').replace(/\.+/g, '.').replace(/^\./, '_');
  const short = truncate(name);
  // 截断可能露出设备名 ("CON" 加很多空格), 所以在它之后查; 加了前缀可能又超长
  return DEVICE.test(short) ? truncate(`_${short}`) : short;
}

/** 小写扩展名, 不带点, 只有 [a-z0-9]{1,16}, 否则为 ''; 可直接进 URL 和磁盘上的文件名 */
export function fileExtension(cleanName: string): string {
  const dot = cleanName.lastIndexOf('.');
  const extension = dot < 0 ? '' : cleanName.slice(dot + 1);
  // 先验 ASCII 再转小写: 开尔文符号 K 之类的小写也是 ASCII 字母
  return EXTENSION.test(extension) ? extension.toLowerCase() : '';
}

/** 服务器内的路径 /files/UUID.ext; 没有扩展名就没有点。上传中与发布后相同 */
export function publishedPath(fileId: string, cleanName: string): string {
  const extension = fileExtension(cleanName);
  return `/files/${fileId}${extension === '' ? '' : `.${extension}`}`;
}

// 两种分隔符都切: 老浏览器和 Windows 客户端会送来完整路径
function lastComponent(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** 去开头的空白, 结尾的空白与点 (Windows 会丢掉它们, "a.exe." 就成了 a.exe)。手写循环: 同义的正则是平方时间 */
function trimEdges(text: string): string {
  const name = text.trimStart();
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1]!.trim() === '')) end--;
  return name.slice(0, end);
}

/** 截到 200 字节; 扩展名不太长就保留, 从主名里减。只在码点之间切 */
function truncate(name: string): string {
  if (utf8Bytes(name) <= MAX_FILE_NAME_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const suffix = dot > 0 && utf8Bytes(name.slice(dot)) <= MAX_KEPT_SUFFIX_BYTES ? name.slice(dot) : '';
  let budget = MAX_FILE_NAME_BYTES - utf8Bytes(suffix);
  let stem = '';
  for (const character of suffix === '' ? name : name.slice(0, dot)) {
    budget -= utf8Bytes(character);
    if (budget < 0) break;
    stem += character;
  }
  // 切口处可能露出点或空格; 主名首字符不是它们, 不会变空
  return trimEdges(stem) + suffix;
}

/** 不依赖 Buffer 的 UTF-8 字节数; 调用前已无孤立代理项 */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
