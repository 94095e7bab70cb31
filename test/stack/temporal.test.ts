import { Connection } from '@temporalio/client';
import { searchAttributes } from '../../src/stack/temporal';

test('the server of the suite answers and knows our search attributes', async () => {
  const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
  } finally {
    await connection.close();
  }
});
