// Runs the Automation document of the stack's template, as it stands there, step by step: AWS's calls go to a local AWS,
// its scripts run as Python and invoke a function under AWS's Runtime Interface Emulator.
//
//   node simulate.mjs --group sg-… --ec2 URL --lambda URL [--force] [--parameter NAME=VALUE]…
//                     [--template template.yaml] [--document CloseDocument]
//
// Prints one line of JSON, and what the simulator says meanwhile to standard error:
//
//   {"status": "Success" | "Failed" | "Rejected",   Rejected: a parameter breaks the document's rules, nothing was started
//    "steps": ["AssertDefaultGroup", …],             the steps that ran, the failed one included
//    "outputs": {"CloseGroup.Status": "closed", …},  those that the document declares; where a step failed, what is there
//    "failureMessage": "…" | null}
//
// It exits with 0 whatever the status, and with 1 where it could not simulate. Python is that of .venv where it is there.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import simulator from '@cdklabs/cdk-ssm-documents';
import { Stack } from 'aws-cdk-lib';
import yaml from 'js-yaml';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

// What the document's intrinsic functions stand for here. The emulator calls its one function "function".
const ATTRIBUTES = {
  'Remediator.Arn': 'function',
  'AutomationRole.Arn': 'arn:aws:iam::012345678912:role/automation',
};

// One step may wait this long for a function that starts from cold on a busy machine; the simulator gives up after 10 s.
const PATIENCE_MS = 120_000;

const { values: options } = parseArgs({
  options: {
    template: { type: 'string', default: path('../../template.yaml') },
    document: { type: 'string', default: 'CloseDocument' },
    group: { type: 'string' },
    ec2: { type: 'string' },
    lambda: { type: 'string' },
    force: { type: 'boolean', default: false },
    parameter: { type: 'string', multiple: true, default: [] },
  },
});
for (const needed of ['group', 'ec2', 'lambda']) {
  if (options[needed] === undefined) throw new Error(`--${needed} is missing`);
}

/** The YAML of CloudFormation: `!Ref A` is read as `{Ref: A}`, `!Sub …` as `{'Fn::Sub': …}`. */
function cloudFormation() {
  const construct = (data, tag) => ({ [tag === '!Ref' ? 'Ref' : `Fn::${tag.slice(1)}`]: data });
  const kinds = ['scalar', 'sequence', 'mapping'];
  return yaml.DEFAULT_SCHEMA.extend(kinds.map((kind) => new yaml.Type('!', { kind, multi: true, construct })));
}

/** `value` with its intrinsic functions replaced. */
function resolve(value) {
  if (Array.isArray(value)) return value.map(resolve);
  if (value === null || typeof value !== 'object') return value;
  const [name, argument] = Object.entries(value)[0] ?? [];
  if (name === 'Ref' || name?.startsWith('Fn::')) {
    const known = name === 'Fn::GetAtt' && ATTRIBUTES[argument];
    if (!known) throw new Error(`the document uses ${name} ${JSON.stringify(argument)}: give it a value in simulate.mjs`);
    return known;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
}

function documentOf(template, id) {
  const resource = yaml.load(readFileSync(template, 'utf8'), { schema: cloudFormation() }).Resources[id];
  if (resource?.Type !== 'AWS::SSM::Document') throw new Error(`${template} has no SSM document ${id}`);
  return resolve(resource.Properties.Content);
}

/** Has the simulator wait longer for a step: it offers no setting. */
function lendPatience() {
  const internals = createRequire(createRequire(import.meta.url).resolve('@cdklabs/cdk-ssm-documents'));
  const { SynchronousPromise } = internals('./sync/synchronous-promise.js');
  const { wait } = SynchronousPromise.prototype;
  SynchronousPromise.prototype.wait = function (file, name, args) {
    return wait.call(this, file, name, args, PATIENCE_MS);
  };
}

/** Calls AWS as the simulator does. Of an assert step it gives the service's name alone, and then cannot call it. */
function awsInvoker() {
  const aws = new simulator.ReflectiveAwsInvoker();
  const named = (service) => (typeof service === 'string' ? new simulator.AwsService(service, service) : service);
  return { invoke: (call) => aws.invoke({ ...call, service: named(call.service) }) };
}

/** Points the simulator's API calls (JavaScript) and the document's scripts (Python) to the local AWS. */
function useLocalAws() {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_EC2: options.ec2,
    AWS_ENDPOINT_URL_LAMBDA: options.lambda,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name];
  const venv = path('../../.venv/bin');
  if (existsSync(venv)) process.env.PATH = `${venv}${delimiter}${process.env.PATH}`;
}

/** Runs `content` and returns what is to be printed. */
function simulate(content, parameters) {
  const document = simulator.StringDocument.fromYaml(new Stack(), 'document', yaml.dump(content));
  const outputs = {};
  for (const step of document.collectedSteps()) {
    step.outputObserver = { accept: (found) => Object.assign(outputs, found) };
  }
  let result;
  try {
    result = simulator.Simulation.ofAutomation(document, { awsInvoker: awsInvoker() }).simulate(parameters);
  } catch (error) {
    if (!/^Value (provided|not provided)/.test(error.message)) throw error;
    return { status: 'Rejected', steps: [], outputs: {}, failureMessage: error.message };
  }
  const succeeded = result.responseCode === simulator.ResponseCode.SUCCESS;
  const declared = content.outputs.filter((name) => succeeded || name in outputs);
  const missing = declared.filter((name) => !(name in outputs));
  if (missing.length > 0) throw new Error(`no step gave the outputs ${missing}, which the document declares`);
  return {
    status: succeeded ? 'Success' : 'Failed',
    steps: result.executedSteps,
    outputs: Object.fromEntries(declared.map((name) => [name, outputs[name]])),
    // The simulator gives the message, and then once more with JavaScript's stack.
    failureMessage: succeeded ? null : result.stackTrace.split('\nError: ')[0].trim(),
  };
}

/** The simulator leaves every script that it ran behind: it gets a directory of its own, gone at the end. */
function tidyUp() {
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'ssm-'));
  process.on('exit', () => rmSync(process.env.TMPDIR, { recursive: true }));
}

// The simulator and its worker threads write to standard output, which is for the one line alone.
process.stdout.write = process.stderr.write.bind(process.stderr);
tidyUp();
lendPatience();
useLocalAws();
const content = documentOf(options.template, options.document);
const given = options.parameter.map((pair) => pair.split(/=(.*)/s).slice(0, 2));
const parameters = { GroupId: options.group, Force: String(options.force), ...Object.fromEntries(given) };
const outcome = simulate(content, parameters);
writeSync(1, `${JSON.stringify(outcome)}\n`);
