// 装进被测网页里的记录仪: 长任务, 帧的间隔, 击键到下一帧, WebSocket 收到的文字; 早于页面自己的脚本
import type { Page } from 'playwright-core';

/** 一段的读数, 毫秒 */
export interface PageRecord {
  /** 主线程上超过 50 毫秒的任务 (浏览器的定义) 各有多长 */
  readonly longTasks: readonly number[];
  /** 相邻两次 requestAnimationFrame 的间隔 */
  readonly frameGaps: readonly number[];
  /** 击键到画出下一帧 */
  readonly keystrokes: readonly number[];
  /** 收到的文字广播的条数 */
  readonly texts: number;
  /** seq 不连续的次数 */
  readonly seqGaps: number;
  /** 打开过的 WebSocket 个数; 大于 1 说明重连过 (传输连接也算) */
  readonly sockets: number;
}

/** 同 takeRecord, 给不经 playwright 的一方求值 */
export const TAKE_RECORD = 'window.sluiceBench.take()';

interface Recorder {
  take(): PageRecord;
}

type Recording = Window & { sluiceBench?: Recorder };

/** 须在打开页面之前调用 */
export async function installRecorder(page: Page): Promise<void> {
  await page.addInitScript(record);
}

/** 取走上次以来的读数并重新开始 */
export async function takeRecord(page: Page): Promise<PageRecord> {
  return page.evaluate(() => (window as Recording).sluiceBench!.take());
}

// 在页面里运行: 不能引用这个函数之外的任何东西
function record(): void {
  const empty = () => ({
    longTasks: [] as number[],
    frameGaps: [] as number[],
    keystrokes: [] as number[],
    texts: 0,
    seqGaps: 0,
    sockets: 0,
  });
  let current = empty();
  let lastSeq = 0;

  const addTasks = (entries: readonly PerformanceEntry[]): void => {
    for (const { duration } of entries) current.longTasks.push(duration);
  };
  const observer = new PerformanceObserver((list) => addTasks(list.getEntries()));
  observer.observe({ type: 'longtask', buffered: true });

  let lastFrameMs = performance.now();
  const onFrame = (): void => {
    const nowMs = performance.now();
    current.frameGaps.push(nowMs - lastFrameMs);
    lastFrameMs = nowMs;
    requestAnimationFrame(onFrame);
  };
  requestAnimationFrame(onFrame);

  const onKey = (event: KeyboardEvent): void => {
    // timeStamp 是浏览器进程收到击键的时刻, 排队等主线程的时间也在内
    const pressedMs = event.timeStamp;
    const painted = new MessageChannel();
    painted.port1.onmessage = () => current.keystrokes.push(performance.now() - pressedMs);
    // rAF 在样式与布局之前; 其后的第一个任务在画完之后
    requestAnimationFrame(() => painted.port2.postMessage(null));
  };
  addEventListener('keydown', onKey, { capture: true });

  const countText = (data: unknown): void => {
    if (typeof data !== 'string' || !data.startsWith('{"type":"text"')) return;
    // 不解析: 记录仪不能比被测的页面还重
    const seq = Number(/"seq":(\d+)/.exec(data.slice(0, 160))?.[1]);
    if (lastSeq !== 0 && seq !== lastSeq + 1) current.seqGaps += 1;
    lastSeq = seq;
    current.texts += 1;
  };
  class CountedWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      current.sockets += 1;
      this.addEventListener('message', (event) => countText(event.data));
    }
  }
  window.WebSocket = CountedWebSocket;

  const take = (): PageRecord => {
    addTasks(observer.takeRecords());
    const taken = current;
    current = empty();
    return taken;
  };
  (window as Recording).sluiceBench = { take };
}
