// npm test 的参数与种子
import { ScriptError } from './lib.mjs';

const DAY_MS = 86_400_000;
const USAGE = `用法: npm test -- [--fast | --slow] [名字 ...]
  (没有参数)  检查, 快的, 真的, 慢的轮到的一份
  --fast      只有快的一道: 不碰套接字, 磁盘与浏览器, 半分钟之内
  --slow      一个不落: 慢的一道全跑
  名字        只跑文件名含它的, 不管在哪一道
SLUICE_TEST_SEED=种子 重复某一次; 缺省是日期, 每天轮到慢的另一份`;

/** 返回 { lanes, checks, sliced, filters }; 不认识的选项抛 ScriptError */
export function readOptions(args) {
  const flags = args.filter((argument) => argument.startsWith('-'));
  const filters = args.filter((argument) => !argument.startsWith('-'));
  const unknown = flags.find((flag) => flag !== '--fast' && flag !== '--slow');
  if (unknown !== undefined) throw new ScriptError(`不认识的选项 ${unknown}\n${USAGE}`, 2);
  const fastOnly = flags.includes('--fast');
  return {
    lanes: fastOnly ? ['fast'] : ['fast', 'real', 'slow'],
    checks: !fastOnly && !process.env['SLUICE_SKIP_CHECK'],
    // 点了名的都跑
    sliced: !flags.includes('--slow') && filters.length === 0,
    filters,
  };
}

/** 慢的那一份与各测试里的随机都由它定; 缺省是 1970 年起的天数 (UTC) */
export function readSeed() {
  const text = process.env['SLUICE_TEST_SEED'];
  if (text === undefined || text === '') return Math.floor(Date.now() / DAY_MS);
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new ScriptError(`SLUICE_TEST_SEED 须是非负整数, 不是 ${text}`, 2);
}
