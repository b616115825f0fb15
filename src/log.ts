// 日志: 每行一个 JSON, 级别是文字, 时间是 ISO; 令牌与文件内容在写出之前隐去
import { type Logger as PinoLogger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { type LineSink, StdoutSink } from './log-sink.js';

export type Logger = PinoLogger;

/** config.log 的形状; 只列所需, 不依赖 config.ts */
export interface LogSettings {
  readonly level: string;
  readonly pretty: 'auto' | 'always' | 'never';
}

const STDOUT_FD = 1;
const CENSOR = '[已隐去]';
// 秘密与文件内容; filedata 与 data 一条就可能有几 MB
const SECRET_KEYS = ['token', 'session', 'resumeToken', 'authorization', 'cookie', 'filedata', 'data'];
// 顶层与往下三层; pino 的 redact 按路径编译, 每加一层就慢一截 (四层约 25 微秒一行)
const DEPTHS = ['', '*.', '*.*.', '*.*.*.'];
// 令牌也会藏在文字里: 传输连接的网址 (?session=..., ?ticket=...) 与请求头
const SECRET_TEXT = /([?&](?:session|ticket)=|\bBearer\s+)[^\s"'&\\]+/gi;

// 全进程一个: 每个 sink 挂一个 exit 钩子, 测试里会开许多服务器
let stdoutSink: StdoutSink | undefined;

/**
 * 造出根日志; 各部分用 logger.child({ ... })。写 stdout, 从不阻塞事件循环 (见 log-sink.ts)。
 * 保证: 四层以内名为 SECRET_KEYS 之一的字段不会写出它的值, Error 的字段与 child 的字段也算。
 */
export function createLogger(settings: LogSettings, sink: LineSink = sharedStdout()): Logger {
  const toText = isPretty(settings.pretty) ? prettifier() : (line: string) => line;
  const output: LineSink = {
    write: (line) => sink.write(toText(line.replace(SECRET_TEXT, `$1${CENSOR}`))),
  };
  return pino(
    {
      level: settings.level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: DEPTHS.flatMap((depth) => SECRET_KEYS.map((key) => depth + key)), censor: CENSOR },
    },
    output,
  );
}

function sharedStdout(): StdoutSink {
  stdoutSink ??= new StdoutSink(STDOUT_FD);
  return stdoutSink;
}

function isPretty(mode: LogSettings['pretty']): boolean {
  return mode === 'always' || (mode === 'auto' && process.stdout.isTTY === true);
}

// 同步地改写一行, 不用 pino-pretty 的流: 那条流在 process.exit 时会丢掉最后几行
function prettifier(): (line: string) => string {
  return prettyFactory({
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid',
  });
}
