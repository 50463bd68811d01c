import type { Device, Reference } from 'fhir/r4';
import type { Hl7Segment } from '../../hl7';
import { dateTime } from '../datatypes/dtm';
import { asText } from '../datatypes/observation-value';
import { organization } from '../datatypes/xon';
import type { Identified, Scope } from '../scope';

const installed = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Device.version.installDate';

/** SFT: the software that made the message, an agent of the message's Provenance. */
export function mapSft(segment: Hl7Segment, scope: Scope): Reference {
  const sft = scope.open(segment);
  const vendor = sft.first(1, 'Device.owner');
  const maker = vendor?.get(1);
  const owner = organization(vendor, scope);
  const version = sft.text(2, 'Device.version');
  const name = sft.text(3, 'Device.deviceName');
  const binary = sft.text(4, 'Device.modelNumber');
  const device: Identified<Device> = {
    resourceType: 'Device',
    id: scope.id('Device', 'software', owner?.reference ?? '', name ?? '', version ?? '', binary ?? ''),
  };
  sft.entry = `urn:uuid:${device.id}`;
  if (maker !== undefined) device.manufacturer = maker;
  if (name !== undefined) device.deviceName = [{ name, type: 'manufacturer-name' }];
  if (binary !== undefined) device.modelNumber = binary;
  const since = dateTime(sft.first(6, 'Device.version'));
  if (version !== undefined || since !== undefined) {
    const extension = since === undefined ? undefined : [{ url: installed, valueDateTime: since }];
    // R4 wants a value: where only the date of installation is known there is no version to hold it.
    if (version === undefined)
      sft.first(6, 'Device.version')?.keep('SFT-2 names no version that was installed.');
    else device.version = [extension === undefined ? { value: version } : { extension, value: version }];
  }
  if (owner !== undefined) device.owner = owner;
  const about = sft.first(5, 'Device.note');
  const text = about && asText(about)?.valueString;
  if (text?.trim()) device.note = [{ text }];
  const reference = scope.add(device);
  return name === undefined ? reference : { ...reference, display: name };
}
