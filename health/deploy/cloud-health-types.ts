/**
 * Microsoft.CloudHealth 2026-09-01, as far as it is used here: no package of the Azure SDK has its types. From
 * azure-rest-api-specs, specification/cloudhealth/resource-manager/Microsoft.CloudHealth/CloudHealth/stable/2026-09-01.
 */
export type HealthModelProperties = Readonly<Record<string, never>>;

export interface AuthenticationSettingProperties {
  readonly authenticationKind: 'ManagedIdentity';
  readonly displayName?: string;
  /** `SystemAssigned`, or the id of a user-assigned identity. */
  readonly managedIdentityName: string;
}

type RefreshInterval = 'PT1M' | 'PT5M' | 'PT10M' | 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H';

interface ThresholdRule {
  readonly operator: 'GreaterThan' | 'LessThan' | 'LessThanOrEqual' | 'GreaterThanOrEqual' | 'Equal' | 'NotEqual';
  readonly threshold: number;
}

export interface LogAnalyticsQuerySignalDefinitionProperties {
  readonly signalKind: 'LogAnalyticsQuery';
  readonly displayName?: string;
  readonly refreshInterval?: RefreshInterval;
  readonly dataUnit?: string;
  /** At most 5,000 characters. */
  readonly queryText: string;
  /** Time range of the query. */
  readonly timeGrain?: string;
  /** A numeric column; default the first. */
  readonly valueColumnName?: string;
  readonly evaluationRules: { readonly degradedRule?: ThresholdRule; readonly unhealthyRule: ThresholdRule };
}

interface LogAnalyticsSignal {
  readonly signalKind: 'LogAnalyticsQuery';
  readonly name: string;
  readonly signalDefinitionName?: string;
}

interface AlertConfiguration {
  readonly severity: 'Sev0' | 'Sev1' | 'Sev2' | 'Sev3' | 'Sev4';
  readonly description?: string;
  readonly actionGroupIds?: readonly string[];
}

export interface EntityProperties {
  readonly displayName?: string;
  /** What its state does to its parents'. */
  readonly impact?: 'Standard' | 'Limited' | 'Suppressed';
  readonly icon?: { readonly iconName: string };
  /** Percent of time that it should be healthy. */
  readonly healthObjective?: number;
  readonly signalGroups?: {
    readonly azureLogAnalytics?: {
      readonly authenticationSetting: string;
      readonly logAnalyticsWorkspaceResourceId: string;
      readonly signals?: readonly LogAnalyticsSignal[];
    };
  };
  readonly alerts?: { readonly unhealthy?: AlertConfiguration; readonly degraded?: AlertConfiguration };
}

export interface RelationshipProperties {
  readonly parentEntityName: string;
  readonly childEntityName: string;
}
