// 怎样启动 Chromium: 测试与压测 (bench/) 共用, 量到的是同一个浏览器
import { type Browser, chromium } from 'playwright-core';

export const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** executablePath 由 scripts/browser.mjs 找到, 经 SLUICE_TEST_BROWSER 传来 */
export function launchChromium(
  executablePath: string,
  extraArguments: readonly string[] = [],
): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    // 容器里的 root 不能用沙盒; 页面都是自己的
    chromiumSandbox: false,
    args: [...ARGUMENTS, ...extraArguments],
  });
}
