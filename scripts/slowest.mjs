// 最慢的几个测试: 各步跑完之后一起排
const SHOWN = 10;

/** durations: [{ name, place, ms }]; 返回几行文字, 没有测试时为空 */
export function slowestText(durations) {
  const slowest = [...durations].sort((a, b) => b.ms - a.ms).slice(0, SHOWN);
  if (slowest.length === 0) return '';
  const lines = slowest.map(
    ({ name, place, ms }) => `  ${(ms / 1000).toFixed(1).padStart(6)} 秒  ${name} (${place})`,
  );
  return `最慢的 ${slowest.length} 个测试:\n${lines.join('\n')}`;
}
