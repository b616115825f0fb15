// npm run check: 格式, 静态检查与各处的类型; 全部跑完再报, 加 --write 时顺手改好格式
import fs from 'node:fs';
import path from 'node:path';
import { ensureDependencies, main, ROOT, runNode, say, tsc } from './lib.mjs';

// 跳过 .gitignore 里的文件 (运行结果, 构建产物); 警告也算不通过, 否则没有人看
const BIOME_FLAGS = [
  '--error-on-warnings',
  '--diagnostic-level=warn',
  '--vcs-enabled=true',
  '--vcs-client-kind=git',
  '--vcs-use-ignore-file=true',
];

await main(async () => {
  await ensureDependencies();
  const biome = path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const projects = ['.', 'web', 'web/test', 'bench'].filter((folder) =>
    fs.existsSync(path.join(ROOT, folder, 'tsconfig.json')),
  );
  const steps = [
    ['biome', () => runNode([biome, 'check', ...BIOME_FLAGS, ...process.argv.slice(2), '.'])],
    ...projects.map((folder) => [`tsc ${folder}`, () => tsc(folder, '--noEmit')]),
  ];
  let failed = 0;
  for (const [name, run] of steps) {
    if ((await run()) === 0) continue;
    failed += 1;
    say(`检查没有通过: ${name}`);
  }
  return failed === 0 ? 0 : 1;
});
