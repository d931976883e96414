/** What can be chosen below each category. The codes are what the ticket keeps. */
import type { Category } from '../../wire';

export const SUBCATEGORIES = {
  enquiry: ['bill', 'balance', 'tariff', 'outage', 'water_quality', 'other'],
  repair: [
    'burst_main',
    'leak',
    'no_water',
    'water_quality',
    'low_pressure',
    'meter_fault',
    'cover_missing',
    'other',
  ],
  complaint: ['bill', 'reading_dispute', 'water_quality', 'service_quality', 'staff', 'slow_repair', 'other'],
  suggestion: ['website', 'process', 'saving_water', 'other'],
  report: ['water_theft', 'illegal_connection', 'pollution', 'other'],
  service_request: ['new_supply', 'name_change', 'meter_move', 'reconnect', 'payment_plan', 'other'],
} as const satisfies Record<Category, readonly string[]>;
