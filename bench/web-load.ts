// 网页在一千人的房间里: 每秒 200 条文字, 有人进出; 主线程不卡, 击键跟手, 一条不丢
import type { Browser } from 'playwright-core';
import { enter } from '../web/test/chat-page.js';
import { heapBytes } from '../web/test/memory.js';
import { watchIdle } from './lib/cpu-share.js';
import { Generator } from './lib/generator.js';
import type { Bench, Options } from './lib/options.js';
import { takeRecord } from './lib/page-recorder.js';
import { watchUsage } from './lib/process-stats.js';
import type { Report } from './lib/report.js';
import type { ServerProcess } from './lib/server-process.js';
import { startSluice } from './lib/servers.js';
import { serialMark } from './lib/small-talk.js';
import { fastStorage, StorageFolder } from './lib/storage-folder.js';
import type { SwarmJob, SwarmResult } from './lib/swarm-job.js';
import { browserChildrenSeconds, openTab, startBrowser, type Tab } from './lib/tab.js';
import { traceTab } from './lib/tab-trace.js';
import { type Phase, type Shown, webLoadReport } from './lib/web-load-report.js';

const TALKERS = 1000;
const VISITORS = 100;
const CHURN_PER_SECOND = 20;
/** 网页加入之前先聊这么久 (毫秒): 1000 条的历史, 服务器的编译也已完成 */
const WARM_UP_MS = 5000;
/** 从进入算起的加入阶段 (毫秒) */
const JOINING_MS = 8000;
const TYPING_PERIOD_MS = 1000;
/** 最后一条文字显示出来的限期 (毫秒) */
const MARKER_MS = 20_000;
/** 滚轮往上的距离 (像素): 几屏, 离末尾足够远 */
const SCROLL_UP = -3000;

interface Scene {
  readonly server: ServerProcess;
  readonly swarm: Generator<SwarmResult>;
  readonly tab: Tab;
  readonly seconds: number;
}

export const webLoadBench: Bench = {
  name: 'web-load',
  about: '真 Chromium: 一千人的房间里一个标签页的主线程与帧',
  expectedSeconds: 90,
  byDefault: false,
  accepts: {
    seconds: 30,
    rate: 200,
    storage: '/dev/shm (空闲 16 GiB 以上时), 否则临时目录',
    url: true,
    pid: true,
    'cpu-prof': true,
  },
  run: runWebLoadBench,
};

async function runWebLoadBench(options: Options): Promise<Report> {
  const seconds = options.seconds;
  const browser = await startBrowser();
  const storage = new StorageFolder(options, options.storage ?? fastStorage(options.work), 'sluice');
  const server = await startSluice(options, storage.path);
  const swarm = await Generator.start<SwarmResult>('swarm', swarmJob(server, options));
  try {
    const stopTrace = options.cpuProfile ? await traceTab(browser, options.temp) : undefined;
    const phases = await measure(browser, { server, swarm, seconds });
    await stopTrace?.();
    const hiddenCpuSeconds = await browserChildrenSeconds(browser);
    return webLoadReport(phases, {
      hiddenCpuSeconds,
      seconds,
      ratePerSecond: options.ratePerSecond,
      people: TALKERS,
    });
  } finally {
    await browser.close();
    await swarm.close();
    await server.stop();
    storage.remove();
  }
}

function swarmJob(server: ServerProcess, options: Options): SwarmJob {
  return {
    target: server.target,
    talkers: TALKERS,
    visitors: VISITORS,
    ratePerSecond: options.ratePerSecond,
    churnPerSecond: CHURN_PER_SECOND,
  };
}

async function measure(browser: Browser, partial: Omit<Scene, 'tab'>): Promise<Phase[]> {
  const warmUp = partial.swarm.run();
  await sleep(WARM_UP_MS);
  partial.swarm.stop();
  await warmUp;
  const tab = await openTab(browser, partial.server.target);
  const bench = { ...partial, tab };
  return [
    await measurePhase(bench, { name: '加入', during: () => join(tab) }),
    await measurePhase(bench, { name: '在末尾', during: () => typeFor(tab, bench.seconds) }),
    await measurePhase(bench, {
      name: '往上翻着',
      during: () => readAbove(tab, bench.seconds),
      after: () => tab.page.getByRole('log').press('End'),
    }),
  ];
}

interface Actions {
  readonly name: string;
  during(): Promise<void>;
  /** 群聊停下之后, 等最后一条显示之前 */
  after?(): Promise<void>;
}

/** 一段: 群聊开跑, 做 during, 群聊停下, 等最后一条显示出来 */
async function measurePhase(bench: Scene, { name, during, after }: Actions): Promise<Phase> {
  const { swarm, tab } = bench;
  await takeRecord(tab.page);
  const usage = watchAll(bench);
  const running = swarm.run();
  await during();
  swarm.stop();
  const swarmResult = await running;
  const used = usage();
  await after?.();
  const markerMs = await waitForMark(tab, serialMark(swarmResult.tail.at(-1) ?? 0));
  // 先取读数再查看页面: 查看本身 (innerText, 回收) 就是长任务
  const record = await takeRecord(tab.page);
  const shown = await inspect(tab, swarmResult.tail);
  console.log(`${name}: 最长任务 ${Math.max(0, ...record.longTasks).toFixed(0)} ms, 收到 ${record.texts}`);
  return { name, record, swarm: swarmResult, markerMs, ...used, ...shown };
}

function watchAll({ server, tab }: Scene) {
  const startedMs = performance.now();
  const idle = watchIdle();
  const serverUsage = watchUsage(server.pid);
  const rendererUsage = watchUsage(tab.rendererPid);
  return () => {
    const elapsed = (performance.now() - startedMs) / 1000;
    return {
      elapsedSeconds: elapsed,
      idleShare: idle(),
      serverCores: serverUsage().cpuSeconds / elapsed,
      rendererCores: rendererUsage().cpuSeconds / elapsed,
    };
  };
}

async function join(tab: Tab): Promise<void> {
  const { message } = await enter(tab.page, `读者${process.pid}`);
  await message.click();
  await sleep(JOINING_MS);
}

/** 每秒键入一个字母 */
async function typeFor(tab: Tab, seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  for (let nextMs = performance.now(); nextMs < endMs; nextMs += TYPING_PERIOD_MS) {
    await sleep(nextMs - performance.now());
    await tab.page.keyboard.press('a');
  }
  await sleep(endMs - performance.now());
}

async function readAbove(tab: Tab, seconds: number): Promise<void> {
  await tab.page.mouse.move(640, 400);
  await tab.page.mouse.wheel(0, SCROLL_UP);
  await typeFor(tab, seconds);
}

/** 聊天记录里显示着的编号, 与页面的大小 */
async function inspect(tab: Tab, tail: readonly number[]): Promise<Shown> {
  const text = await tab.page.getByRole('log').innerText();
  const serials = [...text.matchAll(/〔(\d+)〕/g)].map(([, digits]) => Number(digits));
  const contiguous = serials.join() === tail.slice(-serials.length).join();
  const elements = await tab.page.evaluate(() => document.querySelectorAll('*').length);
  return { contiguous, shown: serials.length, elements, heapBytes: await heapBytes(tab.page) };
}

/** 返回等了多久 (毫秒), 精确到 50 毫秒; 限期内没有显示为 undefined */
async function waitForMark(tab: Tab, mark: string): Promise<number | undefined> {
  const startedMs = performance.now();
  const found = tab.page.getByRole('log').getByText(mark).first();
  while (performance.now() - startedMs < MARKER_MS) {
    if (await found.isVisible()) return performance.now() - startedMs;
    await sleep(50);
  }
  return undefined;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
