// 读屏软件的播报: 平时逐条念; 翻页, 补历史与刷屏时不念

// 一帧里插入得更多就不念
const MAX_ANNOUNCED = 5;
// 关掉播报之后多久恢复 (毫秒)
const QUIET_MS = 1000;

/** 每次画完时调用, inserted 是新插入的行数; 须在这一帧之内 */
export function createAnnouncer(region: HTMLElement, life: AbortSignal): (inserted: number) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  life.addEventListener('abort', () => clearTimeout(timer), { once: true });
  return (inserted) => {
    if (inserted <= MAX_ANNOUNCED) return;
    region.setAttribute('aria-live', 'off');
    clearTimeout(timer);
    timer = setTimeout(() => region.setAttribute('aria-live', 'polite'), QUIET_MS);
  };
}
