import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { assertSameTableEngine, findTableEngine, type Machine } from './table-engine.ts';

/** A Mac with Java 21 and a terminal at which nobody consents. */
const mac: Machine = {
  platform: 'darwin-arm64',
  isFile: (path) => path === '/opt/DynamoDBLocal.jar',
  installDynoxide: () => false,
  javaVersion: () => 21,
  downloadedJar: () => undefined,
  confirm: async () => false,
  download: async () => '/cache/DynamoDBLocal.jar',
  downloadUrl: 'https://aws.example/local.tar.gz',
};
const settings = { DYNAMODB_LOCAL_JAR: '', DYNAMODB_LOCAL_DOWNLOAD: false };
const find = (machine: Partial<Machine>, given: Partial<typeof settings> = {}) =>
  findTableEngine({ ...settings, ...given }, { ...mac, ...machine });

const downloaded = { name: 'dynamodb-local', jar: '/cache/DynamoDBLocal.jar' };

describe('the engine of the conversations', () => {
  it('is dynoxide if npm has it, whatever else is available', async () => {
    expect(await find({ installDynoxide: () => true, javaVersion: () => undefined })).toEqual({
      name: 'dynoxide',
    });
  });

  it('is the configured DynamoDB Local first of all', async () => {
    const jar = '/opt/DynamoDBLocal.jar';
    expect(await find({ installDynoxide: () => true }, { DYNAMODB_LOCAL_JAR: jar })).toEqual({
      name: 'dynamodb-local',
      jar,
    });
  });

  it('is otherwise a DynamoDB Local, downloaded after consent', async () => {
    const asked: string[] = [];
    const confirm = async (question: string) => asked.push(question) > 0;
    expect(await find({ confirm })).toEqual(downloaded);
    expect(asked).toEqual([
      'There is no embedded DynamoDB API for darwin-arm64. Download DynamoDB Local from AWS (https://aws.example/local.tar.gz)?',
    ]);
    expect(await find({ confirm: () => undefined }, { DYNAMODB_LOCAL_DOWNLOAD: true })).toEqual(downloaded);
  });

  it('needs no consent once it was downloaded', async () => {
    const confirm = () => {
      throw new Error('asked');
    };
    expect(await find({ downloadedJar: () => downloaded.jar, confirm })).toEqual(downloaded);
  });

  const failures: [why: string, machine: Partial<Machine>, given: Partial<typeof settings>, says: RegExp][] =
    [
      [
        'nobody agrees',
        {},
        {},
        /^There is no .* darwin-arm64\. Run bin\/start --download .* DYNAMODB_LOCAL_JAR .* AWS_ENDPOINT/,
      ],
      ['there is no terminal', { confirm: () => undefined }, {}, /Run bin\/start --download to fetch/],
      [
        'there is no Java',
        { javaVersion: () => undefined },
        {},
        /needs Java 17 or later: none is installed\. Install it/,
      ],
      ['Java is too old', { javaVersion: () => 11 }, {}, /needs Java 17 or later: version 11 is installed/],
      [
        'the jar is not a file',
        {},
        { DYNAMODB_LOCAL_JAR: '/gone.jar' },
        /^DYNAMODB_LOCAL_JAR is not a file: \/gone\.jar$/,
      ],
      [
        'the jar has no Java',
        { javaVersion: () => undefined },
        { DYNAMODB_LOCAL_JAR: '/opt/DynamoDBLocal.jar' },
        /but Java is not installed/,
      ],
    ];
  it.each(failures)('is missing if %s, and one line says what to do', async (_, machine, given, says) => {
    const error = await find(machine, given).catch((thrown: Error) => thrown);
    expect(String((error as Error).message)).toMatch(says);
    expect(String((error as Error).message)).not.toContain('\n');
  });
});

describe('the data of another engine', () => {
  it('is not ignored silently', () => {
    const dir = mkdtempSync(join(tmpdir(), 'parley-table-engine-'));
    try {
      assertSameTableEngine(dir, 'dynoxide');
      mkdirSync(join(dir, 'dynoxide'));
      assertSameTableEngine(dir, 'dynoxide');
      expect(() => assertSameTableEngine(dir, 'dynamodb-local')).toThrow(
        `${dir} holds conversations of dynoxide, and this start would use dynamodb-local.`,
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
