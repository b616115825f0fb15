// 被测服务器的生与死: 启动, 等它报告端口, 按 pid 停止
//   starting --listening--> running --stop()--> stopped
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Target } from './target.js';

const START_TIMEOUT_MS = 30_000;
/** 好好停止的限期 (毫秒), 过后 SIGKILL */
const STOP_TIMEOUT_MS = 15_000;

export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** 端口事先已定的服务器 (nginx) 不打印 listening, 改为反复试连 */
  readonly port?: number;
}

export class ServerProcess {
  readonly name: string;
  readonly target: Target;
  readonly pid: number;
  /** 标准输出与标准错误都记在这里; 别处运行的为空 */
  readonly logFile: string;
  readonly #child: ChildProcess | undefined;

  private constructor(
    { name, logFile }: Pick<ServerCommand, 'name' | 'logFile'>,
    target: Target,
    pid: number,
    child?: ChildProcess,
  ) {
    this.name = name;
    this.logFile = logFile;
    this.target = target;
    this.#child = child;
    this.pid = pid;
  }

  /** 错误: 限期内没有监听; 信息里带上日志的最后几行 */
  static async start(options: ServerCommand): Promise<ServerProcess> {
    const child = spawn(options.command, options.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    // 压测自己异常退出时也不留下服务器
    const killOnExit = (): void => {
      child.kill('SIGKILL');
    };
    // 排在删存储目录之前: 还活着的服务器会往里再写
    process.prependOnceListener('exit', killOnExit);
    child.once('exit', () => process.off('exit', killOnExit));
    const log = createWriteStream(options.logFile);
    child.stderr.pipe(log, { end: false });
    try {
      const port = options.port ?? (await listeningPort(child, log));
      return new ServerProcess(options, { host: '127.0.0.1', port }, child.pid!, child);
    } catch (error) {
      child.kill('SIGKILL');
      const tail = readFileSync(options.logFile, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`${options.name} 没有启动: ${(error as Error).message}\n${tail}`);
    }
  }

  /** 已在别处运行的服务器; pid 为 0 表示不知道, 资源用量便无从测起 */
  static external(name: string, target: Target, pid: number): ServerProcess {
    return new ServerProcess({ name, logFile: '' }, target, pid);
  }

  /** 好好停止 (SIGTERM); 'SIGKILL' 则当场杀死。兑现时进程已不在 */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }
}

/** 从标准输出的 JSON 日志里等 "event":"listening"; 之后继续排空管道, 免得服务器写日志时被堵住 */
function listeningPort(child: ChildProcess, log: NodeJS.WritableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${START_TIMEOUT_MS} 毫秒内没有监听`)), START_TIMEOUT_MS);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`进程退出 (${code ?? signal})`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      log.write(`${line}\n`);
      const port = /"event":"listening"/.test(line) ? /"port":(\d+)/.exec(line)?.[1] : undefined;
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}
