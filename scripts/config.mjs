// npm run config: 生效的设置; --markdown 打印 README 的表格, --write 更新 config/default.json 与 SECURITY.md 的上限表, 其余参数当作设置
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST, ensureReady, main, ROOT, runNode, say } from './lib.mjs';

const BIOME = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const OWN_FLAGS = ['--markdown', '--write'];

await main(async () => {
  await ensureReady();
  const { ConfigError, defaultsJson, describeConfig, limitsTable, loadConfig } = await import(
    pathToFileURL(path.join(DIST, 'config.js')).href
  );
  const args = process.argv.slice(2);
  if (args.includes('--write')) {
    const file = path.join(ROOT, 'config', 'default.json');
    fs.writeFileSync(file, defaultsJson());
    writeLimits(limitsTable());
    // 短数组写成一行还是多行由 Biome 决定, 否则 npm run check 不通过
    return runNode([BIOME, 'format', '--write', file], { stdio: 'ignore' });
  }
  try {
    const config = loadConfig({
      args: args.filter((argument) => !OWN_FLAGS.includes(argument)),
      onRetired: ({ text }) => say(text),
    });
    const { effective, markdown } = describeConfig(config);
    process.stdout.write(args.includes('--markdown') ? markdown : effective);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    say(error.message);
    return 2;
  }
});

function writeLimits(table) {
  const file = path.join(ROOT, 'SECURITY.md');
  const [start, end] = ['<!-- limits:start -->\n', '<!-- limits:end -->'];
  const written = fs.readFileSync(file, 'utf8');
  const from = written.indexOf(start) + start.length;
  fs.writeFileSync(file, written.slice(0, from) + table + written.slice(written.indexOf(end)));
}
