// 用 axe-core 检查页面的可访问性 (WCAG 2.2 A 与 AA, 以及最佳实践)
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** 一条违例, 只留下看得懂, 找得到的部分 */
export interface Violation {
  readonly rule: string;
  readonly impact: string;
  readonly help: string;
  /** 元素的选择器与原因 */
  readonly nodes: readonly string[];
}

/** 当前画面上 serious 与 critical 的违例; 没有则为空 */
export async function violations(page: Page): Promise<Violation[]> {
  // 经调试协议求值, 不受页面的内容安全策略限制; 插入 <script> 会被它挡下
  await page.evaluate(axe.source);
  const results = await page.evaluate(async () => {
    const injected = (window as unknown as { axe: typeof axe }).axe;
    return (await injected.run(document, { resultTypes: ['violations'] })).violations;
  });
  return results.flatMap(({ id, impact, help, nodes }) => {
    if (impact !== 'serious' && impact !== 'critical') return [];
    const where = nodes.map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary}`);
    return [{ rule: id, impact, help, nodes: where }];
  });
}
