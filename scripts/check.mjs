// npm run check: 全部检查跑完再报; 加 --write 时顺手改好格式
import { runChecks } from './checks.mjs';
import { ensureDependencies, main, ScriptError } from './lib.mjs';

await main(async () => {
  await ensureDependencies();
  const failures = await runChecks(process.argv.slice(2));
  if (failures.length > 0) throw new ScriptError(`检查没有通过: ${failures.join(', ')}`);
});
