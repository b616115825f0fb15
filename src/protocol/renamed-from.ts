// 清理改了文件名: 告诉发送者原来是什么

// 应答里的原名最长这么多, UTF-16 单元: 各系统的文件名至多 255, 更长的是路径或垃圾
const MAX_LENGTH = 1024;

export interface Renamed {
  /** 发送者给的名字; 没有改就没有 */
  readonly renamedFrom?: string;
}

/** 应答里的那个字段; 只差 Unicode 的写法 (NFC) 的不算改 */
export function renamedFrom(raw: string, originalName: string): Renamed {
  if (raw.normalize('NFC') === originalName) return {};
  // 孤立代理项换成 U+FFFD: 有的客户端读不了
  return { renamedFrom: raw.slice(0, MAX_LENGTH).replace(/\p{Cs}/gu, '\uFFFD') };
}
