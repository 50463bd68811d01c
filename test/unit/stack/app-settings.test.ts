import { emulatorSettings } from '../../../local/stack/app-settings';

const here = {
  serviceBus: 'bus of this stack',
  cosmos: 'cosmos of this stack',
  storage: 'storage of this stack',
};
const moved = (value: string): string | undefined => emulatorSettings({ NAME: value }, here)['NAME'];

test.each([
  [
    'Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;',
    here.serviceBus,
  ],
  ['AccountEndpoint=https://localhost:8081/;AccountKey=abc==;', here.cosmos],
  ['AccountKey=abc==;AccountEndpoint=http://127.0.0.1:8081;', here.cosmos],
  ['UseDevelopmentStorage=true', here.storage],
  [
    'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=abc;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;',
    here.storage,
  ],
])('%s means a part of the stack', (value, expected) => {
  expect(moved(value)).toBe(expected);
});

test.each([
  'Endpoint=sb://prod.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b',
  'AccountEndpoint=https://prod.documents.azure.com:443/;AccountKey=abc;',
  'AccountEndpoint=https://localhost.example.org/;AccountKey=abc;',
  'DefaultEndpointsProtocol=https;AccountName=prod;AccountKey=abc;EndpointSuffix=core.windows.net',
  'orders',
  '',
])('"%s" stays', (value) => {
  expect(moved(value)).toBeUndefined();
});
