/**
 * Microsoft.Insights/webtests 2022-06-15 of kind `standard`: `@azure/arm-appinsights` knows `ping` and `multistep` alone. From
 * azure-rest-api-specs, webTests_API.json of that version.
 */
export interface StandardWebTestProperties {
  readonly Kind: 'standard';
  readonly SyntheticMonitorId: string;
  readonly Name: string;
  readonly Description?: string;
  readonly Enabled: boolean;
  /** Seconds. */
  readonly Frequency: 300 | 600 | 900;
  /** Seconds. */
  readonly Timeout: number;
  /** Three attempts before a location counts as failed. */
  readonly RetryEnabled: boolean;
  readonly Locations: readonly { readonly Id: string }[];
  readonly Request: {
    readonly RequestUrl: string;
    readonly HttpVerb: 'GET' | 'HEAD';
    /** An array, or the expression of one. */
    readonly Headers?: string | readonly { readonly key: string; readonly value: string }[];
    readonly FollowRedirects: boolean;
    readonly ParseDependentRequests: boolean;
  };
  readonly ValidationRules: {
    readonly ExpectedHttpStatusCode: number;
    readonly SSLCheck: boolean;
    readonly SSLCertRemainingLifetimeCheck?: number;
  };
}
