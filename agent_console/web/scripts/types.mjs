// Makes src/wire.d.ts, the wire types of the REST API and the push channel, from the server's OpenAPI document.
// HYDROPHONE_PYTHON names the interpreter; without it the virtual environment of the checkout is used.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const web = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const checkout = resolve(web, '../..');
const venv = join(checkout, '.venv/bin/python');
const python = process.env.HYDROPHONE_PYTHON ?? (existsSync(venv) ? venv : 'python3');

const text = execFileSync(python, ['-m', 'agent_console.api.openapi'], {
  cwd: checkout,
  encoding: 'utf8',
  maxBuffer: 16 * 1024 * 1024,
});
const ast = await openapiTS(JSON.parse(text), { defaultNonNullable: true });
writeFileSync(
  join(web, 'src/wire.d.ts'),
  `// Made by "npm run types" from the server's OpenAPI document. Not in git; don't edit.\n${astToString(ast)}`,
);
