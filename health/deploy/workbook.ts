import { createHash } from 'node:crypto';
import type { ApplicationInsightsManagementModels } from '@azure/arm-appinsights';
import type { ModelNode } from '../expand.ts';
import type { Health } from '../model.ts';
import { lookbackOf } from './functions.ts';
import type { Place } from './place.ts';
import { parameter, type Resource } from './template.ts';
import { childrenQuery, failuresQuery, graphQuery, matrixQuery, signalsQuery } from './workbook-queries.ts';

type WorkbookProperties = Pick<
  ApplicationInsightsManagementModels.Workbook,
  'displayName' | 'serializedData' | 'category' | 'sourceId' | 'version' | 'description'
>;

/** Colour and sign of a state, by the names that workbooks have for them: never by colour alone. */
const looks: Readonly<Record<Health, { readonly color: string; readonly icon: string }>> = {
  healthy: { color: 'green', icon: 'success' },
  unknown: { color: 'gray', icon: 'unknown' },
  degraded: { color: 'yellow', icon: 'warning' },
  unhealthy: { color: 'redBright', icon: 'error' },
};

const grid = (of: 'color' | 'icon') => [
  ...Object.entries(looks).map(([state, look]) => ({
    operator: '==',
    thresholdValue: state,
    representation: look[of],
    text: '{0}{1}',
  })),
  { operator: 'Default', representation: looks.unknown[of], text: '{0}{1}' },
];

const stateColumn = {
  columnMatch: 'State',
  formatter: 18,
  formatOptions: { thresholdsOptions: 'icons', thresholdsGrid: grid('icon') },
};

interface Query {
  readonly name: string;
  readonly title: string;
  readonly query: string;
  readonly minutes: number;
  readonly more?: object;
}

const text = (json: string) => ({ type: 1, content: { json } });
const query = ({ workspace }: Place, { name, title, query, minutes, more }: Query) => ({
  type: 3,
  name,
  content: {
    version: 'KqlItem/1.0',
    query,
    size: 0,
    title,
    timeContext: { durationMs: minutes * 60_000 },
    queryType: 0,
    resourceType: 'microsoft.operationalinsights/workspaces',
    crossComponentResources: [workspace],
    ...more,
  },
});

/** The traffic-light graph; a click on a node says in `node` what the tables below show. */
const graph = {
  visualization: 'graph',
  exportFieldName: 'Id',
  exportParameterName: 'node',
  exportDefaultValue: 'store',
  graphSettings: {
    type: 0,
    topContent: { columnMatch: 'Title', formatter: 1 },
    centerContent: stateColumn,
    bottomContent: { columnMatch: 'Stamp', formatter: 1 },
    nodeIdField: 'Id',
    sourceIdField: 'Source',
    targetIdField: 'Target',
    graphOrientation: 3,
    nodeSize: null,
    staticNodeSize: 100,
    colorSettings: { nodeColorField: 'State', type: 3, thresholdsGrid: grid('color') },
    hivesMargin: 5,
  },
};
const table = { visualization: 'table' };
const states = { ...table, gridSettings: { formatters: [stateColumn] } };

/** What the portal keeps of a workbook. */
export function workbookData(place: Place, nodes: readonly ModelNode[]): object {
  const minutes = lookbackOf(nodes);
  const hour = 60;
  const items: readonly Query[] = [
    { name: 'graph', title: 'From components up to the store', query: graphQuery(nodes), minutes, more: graph },
    { name: 'children', title: 'What {node} is made of', query: childrenQuery(nodes), minutes, more: states },
    { name: 'signals', title: 'What {node} is judged by', query: signalsQuery(nodes), minutes: hour, more: table },
    { name: 'failures', title: 'Failed results there, last hour', query: failuresQuery(nodes), minutes: hour, more: table },
    { name: 'matrix', title: 'Journeys and targets, last hour', query: matrixQuery(), minutes: hour, more: table },
  ];
  return {
    version: 'Notebook/1.0',
    items: [
      text(
        'Click a node of the graph: the tables below follow it. Unknown is not healthy: data is missing, stale or too little.',
      ),
      ...items.map((item) => query(place, item)),
    ],
    fallbackResourceIds: [place.workspace],
    $schema: 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json',
  };
}

export function workbook(place: Place, nodes: readonly ModelNode[]): Resource<WorkbookProperties> {
  return {
    type: 'Microsoft.Insights/workbooks',
    apiVersion: '2022-04-01',
    name: guidOf(place.prefix),
    location: parameter('location'),
    kind: 'shared',
    properties: {
      displayName: `${place.prefix}: health`,
      category: 'workbook',
      version: 'Notebook/1.0',
      sourceId: place.workspace,
      serializedData: JSON.stringify(workbookData(place, nodes)),
    },
  };
}

/** Workbooks are named by GUIDs: the same one for the same environment, so that a deployment finds it again. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
