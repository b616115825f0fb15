// 载入 uWebSockets.js 的原生部分; 载不进来时给一句人话, 而不是一屏堆栈
import { MAX_HEAD_BYTES } from './request-head.js';

export type Native = typeof import('uWebSockets.js');

/** 副作用: 设好请求头的上限。错误: 一行中文说明, 含 Node 版本, 平台与系统库版本 */
export async function loadNative(): Promise<Native> {
  // 原生文件一载入就读它, 之后再改无效。uWS 自己的缺省是 4 KiB, 单点登录的 Cookie 就放不下;
  // 而且只在头分几段到达时才数: 同样的头有时 200, 有时 431
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(MAX_HEAD_BYTES);
  try {
    const loaded: Native & { default?: Native } = await import('uWebSockets.js');
    return loaded.default ?? loaded;
  } catch (error) {
    throw new Error(`${explain()} 原始错误: ${firstLine(error)}`);
  }
}

function explain(): string {
  const { platform, arch, version, versions } = process;
  const libc = glibcVersion();
  return (
    `无法载入 uWebSockets.js 的预编译文件 (Node ${version}, ABI ${versions.modules}, ${platform}-${arch}` +
    `${libc === undefined ? '' : `, glibc ${libc}`}). 需要 Node 20 或 22 以上的 x64 或 arm64 正式版; ` +
    'Linux 上 Node 20 要求 glibc 2.27 以上, Node 22 起要求 2.38 以上; 不支持 musl (Alpine).'
  );
}

function glibcVersion(): string | undefined {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
