// 测试支架: 真服务器 (同进程或子进程), 端口 0, 临时存储, 用完拆净
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ConfigOverrides, loadConfig } from '../config.js';
import { createLogger } from '../log.js';
import { type Server, startServer } from '../server.js';

/** node 运行的入口 */
export const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export interface Running {
  readonly port: number;
  readonly http: string;
  readonly ws: string;
  /** 存储目录 */
  readonly storage: string;
}

/** 本机; 不按地址计数 */
export const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** 测试结束时执行, 后登记的先执行: 先停服务器, 再删它的存储。一个失败不妨碍其余 (t.after 正好相反) */
export function atEnd(t: TestContext, task: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(task);
    return;
  }
  const tasks = [task];
  cleanups.set(t, tasks);
  t.after(async () => {
    const failures: unknown[] = [];
    for (const next of tasks.reverse()) {
      await Promise.resolve()
        .then(next)
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, '测试的收尾失败');
  });
}

/** 测试结束时自动删除的临时目录 */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-test-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** 同进程的真服务器; overrides 压过默认配置。测试结束时停止并删除存储 */
export async function serve(
  t: TestContext,
  overrides: ConfigOverrides = {},
): Promise<Running & { readonly server: Server }> {
  const storage = overrides.storage?.path ?? (await temporaryFolder(t));
  const config = loadConfig({
    env: {},
    args: [],
    overrides: {
      ...overrides,
      // 按地址的上限有它自己的测试: 其余的都从一个地址来
      server: { host: '127.0.0.1', port: 0, trustedAddresses: LOOPBACK, ...overrides.server },
      // 后台校验的测试自己打开它
      storage: { scrubBytesPerSecond: 0, ...overrides.storage, path: storage },
    },
  });
  const server = await startServer(config, createLogger({ level: 'silent', pretty: 'never' }));
  atEnd(t, () => server.stop());
  return { server, storage, ...addresses(server.port) };
}

export interface RunningProcess extends Running {
  readonly child: ChildProcess;
  /** 标准输出的每一行 (JSON 日志) */
  readonly lines: string[];
  /** kill -9 并等它消失 */
  kill(): Promise<void>;
  /** 发信号并等退出; 返回退出码 */
  signal(name: NodeJS.Signals): Promise<number | null>;
}

/** 子进程里的真服务器 (node dist/main.js); 测试结束时 kill -9。env 只给契约第 9 节的变量; descriptors 是 ulimit -n */
export async function spawnServer(
  t: TestContext,
  storage: string,
  env: Readonly<Record<string, string>> = {},
  descriptors?: number,
): Promise<RunningProcess> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_'));
  const node = [process.execPath, MAIN] as const;
  const [command, ...args] =
    descriptors === undefined ? node : ['sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, ...node];
  const child = spawn(command ?? '', args, {
    env: {
      ...Object.fromEntries(inherited),
      SLUICE_HOST: '127.0.0.1',
      SLUICE_PORT: '0',
      SLUICE_STORAGE: storage,
      SLUICE_STORAGE_SCRUB_BYTES_PER_SECOND: '0',
      SLUICE_TRUSTED_ADDRESSES: LOOPBACK.join(),
      // 机器的描述符上限也许只装得下这么多: 那时的警告不归每个测试管
      SLUICE_SERVER_MAX_CONNECTIONS: '10000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  atEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  const lines: string[] = [];
  const port = await listening(child, lines);
  const signal = async (name: NodeJS.Signals): Promise<number | null> => {
    child.kill(name);
    await exited;
    return child.exitCode;
  };
  return {
    child,
    lines,
    storage,
    signal,
    kill: async () => void (await signal('SIGKILL')),
    ...addresses(port),
  };
}

const STATE_FILES = new Set(['.lock', 'history.json', 'scrub.json']);

/** 存储目录下的全部文件 (相对路径, 已排序), 消息日志与状态除外: 用来证明没有留下半个文件 */
export async function storedFiles(storage: string): Promise<string[]> {
  const entries = await readdir(storage, { recursive: true, withFileTypes: true });
  return (
    entries
      // 运行期间总在的, 与记录状态的
      .filter((entry) => entry.isFile() && !STATE_FILES.has(entry.name))
      .map((entry) => path.relative(storage, path.join(entry.parentPath, entry.name)))
      .filter((file) => !file.startsWith(`history${path.sep}`))
      .sort()
  );
}

function addresses(port: number): { port: number; http: string; ws: string } {
  return { port, http: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}` };
}

function listening(child: ChildProcess, lines: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr?.on('data', (bytes) => {
      errors += bytes;
    });
    child.once('exit', () => reject(new Error(`服务器没有启动: ${lines.join('\n')} ${errors}`)));
    if (child.stdout === null) throw new Error('stdout 没有接上');
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"event":"listening"')) resolve((JSON.parse(line) as { port: number }).port);
    });
  });
}
