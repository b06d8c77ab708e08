import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';

/** A ConfigMap holds a mebibyte; base64 makes four bytes of three. */
const mostArchiveBytes = 768 * 1024;
/** Of a request: nine lines of about 130 bytes. */
const bytesPerRequest = 1_200;
const mount = '/samples';
const script = 'archive.tar';

export interface ManifestOptions {
  /** Name of the run, of all that belongs to it: letters, digits and dashes. */
  readonly name: string;
  readonly runners: number;
  /** What `k6 archive` made of the scenario. */
  readonly archive: Buffer;
  /** `1.8.1`: the image's k6 is the one that made the archive. */
  readonly k6Version: string;
  /** What the scenario reads at its start. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables that the environment file names: their values stay in a Secret that is named as the run. */
  readonly secrets: readonly string[];
  readonly requests: number;
}

/** A Kubernetes object; the schemas beside this file say what may stand in it. */
export type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string };

/**
 * A scenario for k6-operator: the archive, room for the samples, rights, the run, and a pod to take the samples from. The
 * journeys are several files and a ConfigMap has flat names, hence the archive.
 */
export function manifestsOf(options: ManifestOptions): Readonly<Record<string, Manifest>> {
  const { name, archive } = options;
  if (archive.length > mostArchiveBytes) {
    const fault = { path: 'archive', seen: `${archive.length} bytes`, allowed: `${mostArchiveBytes}, what a ConfigMap holds` };
    throw new ConfigurationError('The scenario', [fault]);
  }
  return {
    configmap: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, binaryData: { [script]: archive.toString('base64') } },
    samples: volumeClaim(options),
    account: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name }, automountServiceAccountToken: false },
    role: role(name),
    rolebinding: roleBinding(name),
    testrun: testRun(options),
    reader: reader(options),
  };
}

/** All runners write into one volume, so many nodes have to reach it: Azure Files. */
function volumeClaim({ name, requests }: ManifestOptions): Manifest {
  const gibibytes = Math.max(1, Math.ceil((requests * bytesPerRequest * 1.5) / 2 ** 30));
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteMany'],
      storageClassName: 'azurefile-csi',
      resources: { requests: { storage: `${gibibytes}Gi` } },
    },
  };
}

/** For who starts the run and takes its samples, a pipeline or a person; the runners themselves may do nothing in the cluster. */
function role(name: string): Manifest {
  const rule = (apiGroups: string[], resources: string[], verbs: string[]) => ({ apiGroups, resources, verbs });
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name },
    rules: [
      rule(['k6.io'], ['testruns'], ['create', 'get', 'list', 'watch', 'delete']),
      rule([''], ['configmaps', 'persistentvolumeclaims', 'serviceaccounts'], ['create', 'get', 'patch', 'delete']),
      rule([''], ['pods'], ['create', 'get', 'list', 'watch', 'delete']),
      rule([''], ['pods/log'], ['get']),
      // kubectl cp is an exec of tar.
      rule([''], ['pods/exec'], ['create']),
    ],
  };
}

function roleBinding(name: string): Manifest {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'load-testers' }],
  };
}

const volumes = (name: string) => [{ name: 'samples', persistentVolumeClaim: { claimName: name } }];
const volumeMounts = [{ name: 'samples', mountPath: mount }];
/** The image's own user, who owns nothing on a fresh volume. */
const securityContext = { runAsUser: 12345, runAsGroup: 12345, fsGroup: 12345, runAsNonRoot: true };
const imageOf = ({ k6Version }: ManifestOptions) => `grafana/k6:${k6Version}`;

function testRun(options: ManifestOptions): Manifest {
  const { name, runners, variables, secrets } = options;
  const env = [
    // First, since those after it name it.
    { name: 'RUNNER', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ...Object.entries(variables).map(([variable, value]) => ({ name: variable, value })),
    { name: 'LOAD_SUMMARY_FILE', value: `${mount}/$(RUNNER).json` },
    { name: 'K6_CSV_TIME_FORMAT', value: 'unix_milli' },
    ...secrets.map((key) => ({ name: key, valueFrom: { secretKeyRef: { name, key } } })),
  ];
  return {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: { name },
    spec: {
      parallelism: runners,
      // One runner a node: two on one would measure each other.
      separate: true,
      script: { configMap: { name, file: script } },
      arguments: `--no-usage-report --out csv=${mount}/$(RUNNER).csv --log-output=file=${mount}/$(RUNNER).log`,
      runner: {
        image: imageOf(options),
        serviceAccountName: name,
        automountServiceAccountToken: 'false',
        env,
        securityContext,
        volumes: volumes(name),
        volumeMounts,
      },
    },
  };
}

/** Outlives the runners, so that `kubectl cp` has a pod to copy from. */
function reader(options: ManifestOptions): Manifest {
  const { name } = options;
  const container = { name: 'reader', image: imageOf(options), command: ['sleep', '86400'], volumeMounts };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-samples` },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      securityContext,
      containers: [container],
      volumes: volumes(name),
    },
  };
}

/** One file each, in the order in which `kubectl apply -f <folder>` takes them: by name. */
export function writeManifests(folder: string, manifests: Readonly<Record<string, Manifest>>): void {
  mkdirSync(folder, { recursive: true });
  Object.entries(manifests).forEach(([name, manifest], index) => {
    writeFileSync(join(folder, `${index + 1}-${name}.json`), `${JSON.stringify(manifest, null, 2)}\n`);
  });
}
