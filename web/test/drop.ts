// 真正的文件拖放: 经 CDP 由浏览器进程发起, 所以文件夹与 FileSystemHandle 都是真的, 大文件不进内存
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';

export interface Point {
  readonly x: number;
  readonly y: number;
}

// DragOperationsMask 里的 Copy; 从文件管理器拖来的就是它
const COPY = 1;
const STEPS = ['dragEnter', 'dragOver', 'drop'] as const;

/** 把 paths (文件或文件夹) 拖到 at (默认视口中央) 放下; 返回时 drop 事件已派发 */
export async function dropFiles(page: Page, paths: readonly string[], at?: Point): Promise<void> {
  await drag(page, paths, STEPS, at);
}

/** 只拖到 at 上方而不放下: 看提示层; 之后用 dropFiles 放下, 或 dragAway 离开 */
export async function dragOver(page: Page, paths: readonly string[], at?: Point): Promise<void> {
  await drag(page, paths, ['dragEnter', 'dragOver'], at);
}

/** 拖着文件离开页面, 页面得到 dragleave。用移出视口: CDP 的 dragCancel 实测不派发任何事件 */
export async function dragAway(page: Page): Promise<void> {
  await drag(page, [], ['dragOver'], { x: -1, y: -1 });
}

async function drag(
  page: Page,
  paths: readonly string[],
  steps: readonly (typeof STEPS)[number][],
  at: Point = center(page),
): Promise<void> {
  // Chromium 只认绝对路径; 不存在的文件会变成一个空的 File, 测试会以难懂的方式失败
  const files = paths.map((file) => path.resolve(file));
  for (const file of files) await access(file);
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: COPY };
  for (const type of steps) await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await session.detach();
}

function center(page: Page): Point {
  const size = page.viewportSize() ?? { width: 800, height: 600 };
  return { x: Math.round(size.width / 2), y: Math.round(size.height / 2) };
}
