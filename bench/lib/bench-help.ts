// --help 的文字: 一项压测的参数与默认值, 或各项压测的清单
import {
  type Accepted,
  type Bench,
  COMMON,
  FLAGS,
  type FlagName,
  type Name,
  NUMBERS,
  type NumberName,
  QUICK_ROUNDS,
  TEXTS,
  type TextName,
} from './options.js';

/** 一项压测自己的帮助: 只列它认得的参数 */
export function benchHelp({ name, about, accepts, expectedSeconds }: Bench): string {
  const all: Accepted = { ...accepts, ...COMMON };
  const lines = (Object.keys(all) as Name[]).map((option) => optionLine(option, all));
  const minutes = (expectedSeconds / 60).toFixed(1);
  return [`npm run bench:${name} -- [参数]`, `${about}; 默认约 ${minutes} 分钟`, ...lines].join('\n');
}

function optionLine(name: Name, accepts: Accepted): string {
  const fallback = accepts[name];
  const suffix = fallback === true || fallback === undefined ? '' : `; 默认 ${fallback}`;
  if (name in FLAGS) return line(`--${name}`, FLAGS[name as FlagName]);
  if (name in NUMBERS) return line(`--${name} N`, NUMBERS[name as NumberName].help + suffix);
  const [holder, help] = TEXTS[name as TextName];
  return line(`--${name} ${holder}`, help + suffix);
}

function line(option: string, help: string): string {
  return `  ${option.padEnd(17)} ${help}`;
}

/** 没有点名时的帮助: 各项压测 */
export function overview(known: readonly Bench[]): string {
  const list = (byDefault: boolean): string[] =>
    known
      .filter((each) => each.byDefault === byDefault)
      .map(({ name, about }) => `  ${name.padEnd(15)} ${about}`);
  return [
    `npm run bench [-- 参数]            默认的几项, 各至多 ${QUICK_ROUNDS} 轮 (--publish 时照各自的默认):`,
    ...list(true),
    'npm run bench:NAME [-- 参数]       只跑一项; 点名才跑的还有:',
    ...list(false),
    'npm run bench:NAME -- --help       那一项的参数与默认值',
  ].join('\n');
}
