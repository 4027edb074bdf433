//! AWS Config: the past of a resource.

use aws_sdk_config::error::ProvideErrorMetadata as _;
use aws_sdk_config::types::{ChronologicalOrder, ConfigurationItem, ResourceType};
use defsg_core::judge::item::Item;
use defsg_core::ports::{ApiError, ItemHistory};
use serde_json::Value;
use time::OffsetDateTime;

use super::{from_sdk_time, to_sdk_time};
use crate::clients::Clients;

impl ItemHistory for Clients {
    async fn item_at(
        &self,
        resource_type: &str,
        resource_id: &str,
        at: OffsetDateTime,
    ) -> Result<Option<Item>, ApiError> {
        const OPERATION: &str = "GetResourceConfigHistory";
        let call = self.config.get_resource_config_history().resource_type(ResourceType::from(resource_type));
        let call = call.resource_id(resource_id).later_time(to_sdk_time(at));
        let answer = match call.chronological_order(ChronologicalOrder::Reverse).limit(1).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ResourceNotDiscoveredException") => return Ok(None),
            Err(error) => return Err(self.caller.error(OPERATION, &error)),
        };
        let item = answer.configuration_items().first().map(to_item).transpose();
        item.map_err(|problem| {
            self.caller.unreadable(OPERATION, format!("the item of {resource_id}: {problem}"))
        })
    }
}

fn to_item(item: &ConfigurationItem) -> Result<Item, String> {
    let status = item.configuration_item_status().ok_or("no configurationItemStatus")?.as_str().parse()?;
    let captured = item.configuration_item_capture_time().and_then(from_sdk_time);
    let account = item.account_id().ok_or("no accountId")?;
    Ok(Item {
        resource_type: item.resource_type().ok_or("no resourceType")?.as_str().to_owned(),
        resource_id: item.resource_id().ok_or("no resourceId")?.to_owned(),
        account: account.parse().map_err(|error| format!("accountId {error}"))?,
        captured: captured.ok_or("no configurationItemCaptureTime")?,
        status,
        configuration: item.configuration().map_or(Value::Null, Value::from),
    })
}
