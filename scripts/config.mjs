// npm run config: 生效的设置; --markdown 打印 README 的表格, --write 更新 config/default.json, 其余参数当作设置
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST, ensureReady, main, ROOT, runNode, say } from './lib.mjs';

const BIOME = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const OWN_FLAGS = ['--markdown', '--write'];

await main(async () => {
  await ensureReady();
  const { ConfigError, defaultsJson, describeConfig, loadConfig } = await import(
    pathToFileURL(path.join(DIST, 'config.js')).href
  );
  const args = process.argv.slice(2);
  if (args.includes('--write')) {
    const file = path.join(ROOT, 'config', 'default.json');
    fs.writeFileSync(file, defaultsJson());
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
