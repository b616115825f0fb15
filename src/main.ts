// 进程入口: 读配置, 启动, 信号, 退出码
import { networkInterfaces } from 'node:os';
import type { Config } from './config.js';
import type { RetiredNotice } from './config-retired.js';
import { descriptorComplaint, descriptorLimit } from './descriptor-limit.js';
import type { Logger } from './log.js';
import type { Server } from './server.js';

// 退出码: 1 启动失败或意外错误, 2 配置不对 (与多数命令行工具一致)
const EXIT_FAILURE = 1;
const EXIT_CONFIG = 2;

requireDescriptors();
// 检查之后才载入: 静态的引用在第一行代码之前就要打开几百个文件, 那时只剩一屏堆栈
const { ConfigError, loadConfig } = await import('./config.js');
const { takeActs } = await import('./config-acts.js');
const { createLogger } = await import('./log.js');
const { startServer } = await import('./server.js');
const { explainStray } = await import('./store/disk-errors.js');
const { favorMainThread } = await import('./thread-priority.js');

async function main(): Promise<void> {
  const retired: RetiredNotice[] = [];
  const { acts, rest } = takeActs(process.argv.slice(2));
  const config = readConfig(rest, (notice) => retired.push(notice));
  const log = createLogger(config.log);
  for (const { path, origins, text } of retired) {
    log.warn({ event: 'retired_setting', setting: path, origins }, text);
  }
  // 漏网的错误: 记下来再退出, 状态已不可信; 上传可凭磁盘上的记录续传
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, '未捕获的错误, 进程退出');
    process.exit(EXIT_FAILURE);
  });
  try {
    await favorMainThread();
    const server = await startServer(config, log, acts);
    // 先挂信号再宣布: 看到 listening 就发信号的监管者不该让进程猝死
    stopOnSignals(server, log);
    announce(config, server.port, log);
  } catch (error) {
    const known = explainStray(error);
    log.fatal({ reason: known instanceof Error ? known.message : String(known) }, '启动失败');
    process.exit(EXIT_FAILURE);
  }
}

function requireDescriptors(): void {
  const complaint = descriptorComplaint(descriptorLimit());
  if (complaint === undefined) return;
  process.stderr.write(`${complaint}\n`);
  process.exit(EXIT_FAILURE);
}

function readConfig(args: readonly string[], onRetired: (notice: RetiredNotice) => void): Config {
  try {
    return loadConfig({ args, onRetired });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

function announce(config: Config, port: number, log: Logger): void {
  const urls = pageUrls(config, port);
  log.info(
    { event: 'listening', host: config.server.host, port, urls },
    `水闸已启动, 用浏览器打开 ${urls.join(' 或 ')}`,
  );
}

// 监听全部地址时, 列出本机与局域网可用的 IPv4 地址
function pageUrls({ server }: Config, port: number): string[] {
  if (server.publicUrl !== '') return [`${server.publicUrl}/`];
  const scheme = server.tls.certFile === '' ? 'http' : 'https';
  const everywhere = server.host === '0.0.0.0' || server.host === '::';
  const hosts = everywhere ? ['localhost', ...lanAddresses()] : [server.host];
  // IPv6 地址在 URL 里要加方括号
  return hosts.map((host) => `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`);
}

function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

// 第一个信号优雅停止, 第二个立即结束
function stopOnSignals(server: Server, log: Logger): void {
  let signalled = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (signalled) process.exit(EXIT_FAILURE);
    signalled = true;
    log.info({ event: 'stopping', signal }, '正在停止');
    server.stop().then(
      () => {
        log.info({ event: 'stopped' }, '已停止');
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, '停止时出错');
        process.exit(EXIT_FAILURE);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

await main();
