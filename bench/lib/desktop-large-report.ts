// desktop-large 的结论: 每种用法一行, 承诺逐条判定
import type { BrowserUpload } from './browser-upload.js';
import type { DesktopRun, SendRun, WindowRun } from './desktop-runs.js';
import { FILE_CAP_BYTES } from './options.js';
import type { Claim, Report } from './report.js';
import { formatSpread, pairedRatios, type Spread, spreadOf } from './statistics.js';

const MB = 1e6;
/** 客户端进程的内存峰值的上限, 与文件大小无关 */
const MAX_PEAK_BYTES = 120 * MB;
/** 界面两次 after 之间的上限 (毫秒) */
const MAX_GAP_MS = 200;
const NONE = '-';

/** 同一轮的四次测量 */
export interface Round {
  readonly web: BrowserUpload;
  readonly window: WindowRun;
  readonly send: SendRun;
  readonly receive: DesktopRun;
}

/** 各在哪种文件系统上 */
export interface Places {
  readonly storage: string;
  readonly inbox: string;
}

interface Kind {
  readonly label: string;
  readonly of: (round: Round) => DesktopRun;
}

const WINDOW: Kind = { label: '窗口上传', of: (round) => round.window };
const SEND: Kind = { label: '命令行 send', of: (round) => round.send };
const RECEIVE: Kind = { label: '命令行 recv', of: (round) => round.receive };
const KINDS = [WINDOW, SEND, RECEIVE];

export function desktopLargeReport(rounds: readonly Round[], places: Places): Report {
  const python = rounds[0]!.window.pythonVersion;
  return {
    name: 'desktop-large',
    title: '桌面客户端收发 2.5 GB',
    tables: [
      {
        title: `恰好 ${FILE_CAP_BYTES} 字节, Python ${python}, ${rounds.length} 轮的中位数 (最小-最大)`,
        header: ['', 's', 'MB/s', '速度之比, 对网页上传', '内存峰值 MB', 'CPU s', '最长的 after 间隔 ms'],
        rows: [webRow(rounds), ...KINDS.map((kind) => row(rounds, kind)), downloadRow(rounds)],
      },
    ],
    claims: claims(rounds),
    notes: notes(rounds, places),
    hiddenCpuSeconds: rounds.reduce((sum, { web }) => sum + web.browserCpuSeconds, 0),
    raw: rounds,
  };
}

function row(rounds: readonly Round[], kind: Kind): string[] {
  return [
    kind.label,
    ...timing(rounds, (round) => kind.of(round).seconds),
    formatSpread(speedRatio(rounds, kind)),
    formatSpread(peaks(rounds, kind), 0),
    formatSpread(spreadOf(rounds.map((round) => kind.of(round).cpuSeconds)), 1),
    kind === WINDOW ? formatSpread(gaps(rounds), 0) : NONE,
  ];
}

function webRow(rounds: readonly Round[]): string[] {
  const cpu = spreadOf(rounds.map(({ web }) => web.renderer.cpuSeconds));
  return [
    '网页上传',
    ...timing(rounds, ({ web }) => web.seconds),
    '1',
    NONE,
    `${formatSpread(cpu, 1)} (渲染进程)`,
    NONE,
  ];
}

/** 对照: 压测自己的下载加散列, 不写盘 */
function downloadRow(rounds: readonly Round[]): string[] {
  const cells = timing(rounds, ({ web }) => web.downloadSeconds);
  return ['发生器下载, 算散列而不存', ...cells, NONE, NONE, NONE, NONE];
}

function timing(rounds: readonly Round[], seconds: (round: Round) => number): string[] {
  const values = rounds.map(seconds);
  const speeds = values.map((value) => FILE_CAP_BYTES / MB / value);
  return [formatSpread(spreadOf(values), 1), formatSpread(spreadOf(speeds), 0)];
}

/** 大于 1: 比同一轮的网页快 */
function speedRatio(rounds: readonly Round[], kind: Kind): Spread {
  return pairedRatios(
    rounds.map(({ web }) => web.seconds),
    rounds.map((round) => kind.of(round).seconds),
  );
}

function peaks(rounds: readonly Round[], kind: Kind): Spread {
  return spreadOf(rounds.map((round) => kind.of(round).peakBytes / MB));
}

function gaps(rounds: readonly Round[]): Spread {
  return spreadOf(rounds.map(({ window }) => window.longestGapMs));
}

function claims(rounds: readonly Round[]): Claim[] {
  const same = rounds.filter((round) =>
    [round.web, ...KINDS.map((kind) => kind.of(round))].every((run) => run.same),
  );
  const gap = gaps(rounds).max;
  return [
    {
      text: '每一轮, 三种上传的广播与下载, 以及 recv 存下的文件, SHA-256 都与原文件相同',
      value: `${same.length} / ${rounds.length} 轮`,
      passed: same.length === rounds.length,
    },
    ...KINDS.map((kind) => peakClaim(rounds, kind)),
    {
      text: `窗口上传期间, 两次 after 之间短于 ${MAX_GAP_MS} ms`,
      value: `${gap.toFixed(0)} ms`,
      passed: gap < MAX_GAP_MS,
    },
    ...[WINDOW, SEND].map((kind) => speedClaim(rounds, kind)),
  ];
}

function peakClaim(rounds: readonly Round[], kind: Kind): Claim {
  const { max } = peaks(rounds, kind);
  return {
    text: `${kind.label}: 客户端进程的内存峰值不超过 ${MAX_PEAK_BYTES / MB} MB`,
    value: `${max.toFixed(0)} MB`,
    passed: max <= MAX_PEAK_BYTES / MB,
  };
}

function speedClaim(rounds: readonly Round[], kind: Kind): Claim {
  const ratio = speedRatio(rounds, kind);
  return {
    text: `${kind.label}: 不慢于网页 (速度之比 >= 1)`,
    value: formatSpread(ratio),
    passed: ratio.median >= 1,
  };
}

function notes(rounds: readonly Round[], { storage, inbox }: Places): string[] {
  const start = spreadOf(rounds.map(({ send }) => send.startSeconds));
  return [
    `服务器的存储在 ${storage} 上, recv 存到 ${inbox} 上; 上传从放下或选好文件 (send 从加入) 算到房间里的另一个人收到广播`,
    `recv 从输出这条消息算到输出 saved, 即已写完并核对散列; 各步都不含启动, send 的启动是 ${formatSpread(start)} s`,
    '内存峰值是客户端一个进程的 VmHWM, 从启动算起, 不含虚拟屏幕; 窗口由测试的代理带着, 它自己也在内',
  ];
}
